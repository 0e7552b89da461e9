/* SPDX-License-Identifier: MIT */
/* table.hh - what compare.cc measured, as a table and as JSON. */
#ifndef SHMRING_BENCH_TABLE_HH
#define SHMRING_BENCH_TABLE_HH

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "peers.hh"

struct Row {
    std::string work, contender;
    std::map<int, std::vector<double>> by_pause; /* ns, a value for each round */
};

inline std::vector<Row> rows;

inline void record(const std::string &work, const std::string &contender, int pause, double ns)
{
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Row &r) {
        return r.work == work && r.contender == contender;
    });

    if (row == rows.end()) {
        rows.push_back({work, contender, {}});
        row = rows.end() - 1;
    }
    row->by_pause[pause].push_back(ns);
}

inline double median(std::vector<double> v)
{
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
}

/* A row at its best pause. */
inline std::pair<int, double> best(const Row &row)
{
    std::pair<int, double> answer{0, 0};

    for (const auto &entry : row.by_pause) {
        double ns = median(entry.second);

        if (answer.second == 0 || ns < answer.second) {
            answer = {entry.first, ns};
        }
    }
    return answer;
}

inline void print_host(int rounds)
{
    std::ifstream cpuinfo("/proc/cpuinfo");
    std::string line, model = "unknown processor";
    struct utsname u;
    char date[32];
    time_t t = time(nullptr);

    while (std::getline(cpuinfo, line)) {
        if (line.rfind("model name", 0) == 0) {
            model = line.substr(line.find(':') + 2);
            break;
        }
    }
    uname(&u);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&t));
    printf("Host: %s, %ld processors, %s %s; %s; shmring %s; ring of %zu bytes; %d rounds\n\n",
           model.c_str(), sysconf(_SC_NPROCESSORS_ONLN), u.sysname, u.release, date,
           shmring_version(), ring_bytes, rounds);
}

inline void print_table()
{
    printf("| work | contender | best pause | median ns | million/s | time / shmring's |\n");
    printf("|---|---|---:|---:|---:|---:|\n");
    for (const Row &row : rows) {
        auto ours = std::find_if(rows.begin(), rows.end(), [&](const Row &r) {
            return r.work == row.work && r.contender == "shmring";
        });
        auto b = best(row);

        printf("| %s | %s | %d | %.1f | %.2f | ", row.work.c_str(), row.contender.c_str(), b.first,
               b.second, 1e3 / b.second);
        if (ours == rows.end()) {
            printf("|\n");
        } else {
            printf("%.2f |\n", b.second / best(*ours).second);
        }
    }
}

inline void write_json(const char *path)
{
    FILE *f = fopen(path, "w");
    const char *comma = "";

    if (f == nullptr) {
        perror(path);
        exit(1);
    }
    fprintf(f, "[");
    for (const Row &row : rows) {
        for (const auto &entry : row.by_pause) {
            fprintf(f, "%s\n {\"work\": \"%s\", \"contender\": \"%s\", \"pause\": %d, \"ns\": [",
                    comma, row.work.c_str(), row.contender.c_str(), entry.first);
            for (size_t i = 0; i < entry.second.size(); i++) {
                fprintf(f, "%s%.2f", i ? ", " : "", entry.second[i]);
            }
            fprintf(f, "]}");
            comma = ",";
        }
    }
    fprintf(f, "\n]\n");
    fclose(f);
}

#endif
