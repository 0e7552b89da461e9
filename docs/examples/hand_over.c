/* SPDX-License-Identifier: MIT */
/* hand_over.c - a parent hands a ring to a child that may not open files.
 *
 *   hand_over [RECORDS]       (1000 unless said otherwise)
 *
 * Shows: a ring without a name (shmring_create_fd), its descriptor through a Unix socket, and a
 * side that is opened under a seccomp filter which ends the process at any open(). The parent
 * closes its own copy of the child's descriptor: the child's role ends with the last copy, so that
 * the parent is told when the child dies.
 */
#define _GNU_SOURCE
#include <shmring/shmring.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __NR_open
#define __NR_open __NR_openat /* newer machines have only the one */
#endif

/* A child that ends before it has opened the ring is never told as a peer's death. */
#define PATIENCE_NS UINT64_C(10000000000)

/* A message of one byte with a descriptor beside it. */
struct letter {
    char byte;
    struct iovec part;
    _Alignas(struct cmsghdr) char beside[CMSG_SPACE(sizeof(int))];
    struct msghdr header;
};

static void address(struct letter *l)
{
    memset(l, 0, sizeof *l);
    l->part.iov_base = &l->byte;
    l->part.iov_len = 1;
    l->header.msg_iov = &l->part;
    l->header.msg_iovlen = 1;
    l->header.msg_control = l->beside;
    l->header.msg_controllen = sizeof l->beside;
}

static int send_descriptor(int socket, int fd)
{
    struct letter l;
    struct cmsghdr *c;

    address(&l);
    c = CMSG_FIRSTHDR(&l.header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(socket, &l.header, 0) == 1;
}

/* -1 when none came. */
static int receive_descriptor(int socket)
{
    struct letter l;
    struct cmsghdr *c;
    int fd = -1;

    address(&l);
    if (recvmsg(socket, &l.header, MSG_CMSG_CLOEXEC) != 1) {
        return -1;
    }
    c = CMSG_FIRSTHDR(&l.header);
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    }
    return fd;
}

/* From now on a call that opens a file ends this process. 1 on success. */
static int give_up_open(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_openat, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int fail(const char *who, const char *what)
{
    fprintf(stderr, "hand_over: %s: %s: %s\n", who, what, shmring_error_detail());
    return 1;
}

static int child(int socket, long records)
{
    shmring_options options = SHMRING_OPTIONS_INIT;
    shmring_producer *p;
    int fd, result = 0;
    long i;

    if (!give_up_open()) {
        fprintf(stderr, "hand_over: the child gets no seccomp filter here\n");
        return 1;
    }
    fd = receive_descriptor(socket);
    options.flags = SHMRING_NO_OPEN;
    if (shmring_producer_open_fd(&p, fd, &options) != SHMRING_OK) {
        return fail("the child", "cannot open the ring");
    }
    for (i = 0; i < records && result == 0; i++) {
        if (shmring_send(p, &i, sizeof i, 1, SHMRING_FOREVER) != SHMRING_OK) {
            result = fail("the child", "cannot send");
        }
    }
    shmring_producer_close(p);
    return result;
}

static int read_all(shmring_consumer *c)
{
    shmring_record r;
    shmring_status status;
    long value, count = 0, sum = 0;

    while ((status = shmring_recv(c, &value, sizeof value, &r, PATIENCE_NS)) == SHMRING_OK) {
        count++;
        sum += value;
    }
    printf("%ld records from the child, sum %ld; then: %s\n", count, sum,
           shmring_status_text(status));
    return status == SHMRING_CLOSED ? 0 : 1;
}

int main(int argc, char **argv)
{
    const long records = argc > 1 ? atol(argv[1]) : 1000;
    shmring_consumer *c;
    int sockets[2], fd, status, result;
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 || (pid = fork()) < 0) {
        perror("hand_over");
        return 1;
    }
    if (pid == 0) {
        (void)close(sockets[1]);
        return child(sockets[0], records);
    }
    (void)close(sockets[0]);
    if (shmring_create_fd(&fd, "handed-over", NULL) != SHMRING_OK ||
        shmring_consumer_open_fd(&c, fd, NULL) != SHMRING_OK) {
        return fail("the parent", "cannot make the ring");
    }
    if (!send_descriptor(sockets[1], fd)) {
        perror("hand_over: sending the descriptor");
        return 1;
    }
    (void)close(fd); /* else the child's role would outlive the child */
    result = read_all(c);
    shmring_consumer_close(c);
    return waitpid(pid, &status, 0) == pid && status == 0 ? result : 1;
}
