/* SPDX-License-Identifier: MIT */
/* iceoryx.hh - iceoryx, a service: its daemon iox-roudi hands out the memory and brings the two
 * sides together. It gives a reader at most 256 messages to hold, so its queue is shorter than the
 * others' where messages are short. Both sides lose nothing: a writer waits for a full queue. */
#ifndef SHMRING_BENCH_ICEORYX_HH
#define SHMRING_BENCH_ICEORYX_HH

#ifdef HAVE_ICEORYX

#include "contender.hh"

#include <algorithm>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/publisher.hpp>
#include <iceoryx_posh/popo/subscriber.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

/* The daemon, for as long as this lives; there can be one on a machine. */
class Roudi
{
  public:
    Roudi()
    {
        int output[2];
        char seen[4096];
        size_t n = 0;
        ssize_t got;

        if (pipe(output) != 0) {
            return;
        }
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with us, however we end */
            dup2(output[1], 1);
            dup2(open("/dev/null", O_WRONLY), 2);
            execlp("iox-roudi", "iox-roudi", "-m", "off", static_cast<char *>(nullptr));
            _exit(127);
        }
        close(output[1]);
        while (!there_ && n < sizeof seen &&
               (got = read(output[0], seen + n, sizeof seen - n)) > 0) {
            n += size_t(got);
            there_ = std::string(seen, n).find("ready for clients") != std::string::npos;
        }
        pipe_ = output[0]; /* open: the daemon would die of its next word */
        if (!there_) {
            fprintf(stderr, "iox-roudi does not start (or another one runs): no iceoryx here\n");
        }
    }
    Roudi(const Roudi &) = delete;
    Roudi &operator=(const Roudi &) = delete;
    ~Roudi()
    {
        if (pid_ > 0) {
            kill(pid_, SIGTERM);
            waitpid(pid_, nullptr, 0);
            close(pipe_);
        }
    }
    static bool there()
    {
        return there_;
    }

  private:
    inline static bool there_ = false;
    pid_t pid_ = -1;
    int pipe_ = -1;
};

template <size_t N> class Iceoryx
{
    using Publisher = iox::popo::Publisher<Message<N>>;
    using Subscriber = iox::popo::Subscriber<Message<N>>;

  public:
    static const char *name()
    {
        return "iceoryx";
    }
    static size_t bytes()
    {
        return 64;
    }
    static void make(void *memory)
    {
        static int made;

        snprintf(static_cast<char *>(memory), 64, "%d-%d", int(getpid()), made++);
    }
    static void unmake(void *)
    {
    }
    Iceoryx(void *memory, bool producer, int pause) : pause_(pause)
    {
        const char *topic = static_cast<const char *>(memory);
        iox::capro::ServiceDescription service{
            "shmring", "compare", iox::capro::IdString_t(iox::cxx::TruncateToCapacity, topic)};
        std::string process = "compare-" + std::to_string(getpid());

        iox::log::LogManager::GetLogManager().SetDefaultLogLevel(
            iox::log::LogLevel::kError, iox::log::LogLevelOutput::kHideLogLevel);
        iox::runtime::PoshRuntime::initRuntime(
            iox::RuntimeName_t(iox::cxx::TruncateToCapacity, process));
        if (producer) {
            iox::popo::PublisherOptions options;

            options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
            out_ = std::make_unique<Publisher>(service, options);
            while (!out_->hasSubscribers()) {
                usleep(1000);
            }
        } else {
            iox::popo::SubscriberOptions options;

            options.queueCapacity =
                std::min<uint64_t>(ring_bytes / N, iox::MAX_SUBSCRIBER_QUEUE_CAPACITY);
            options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
            in_ = std::make_unique<Subscriber>(service, options);
        }
    }
    bool push(const Message<N> &m)
    {
        bool sent = false;

        out_->loan().and_then([&](auto &sample) {
            memcpy(sample->bytes, m.bytes, N);
            sample.publish();
            sent = true;
        });
        return sent;
    }
    bool pop(Message<N> &m)
    {
        bool got = false;

        in_->take().and_then([&](const auto &sample) {
            memcpy(m.bytes, sample->bytes, N);
            got = true;
        });
        return got;
    }
    void relax()
    {
        pause_for(pause_);
    }

  private:
    std::unique_ptr<Publisher> out_;
    std::unique_ptr<Subscriber> in_;
    int pause_;
};

#endif

#endif
