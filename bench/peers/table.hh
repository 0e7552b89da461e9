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

#include "contender.hh"

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

inline std::vector<double> all_values(const Row &row)
{
    std::vector<double> all;

    for (const auto &entry : row.by_pause) {
        all.insert(all.end(), entry.second.begin(), entry.second.end());
    }
    return all;
}

/* shmring's row of a work: the first of its name. */
inline const Row *our_row(const std::string &work)
{
    for (const Row &row : rows) {
        if (row.work == work && row.contender.rfind("shmring", 0) == 0) {
            return &row;
        }
    }
    return nullptr;
}

/* Median of a contender's time at one pause over ours that was measured beside it; 0: none was. */
inline double ratio(const Row &row, int pause)
{
    const Row *ours = our_row(row.work);
    std::vector<double> each;

    if (ours == nullptr || ours->by_pause.count(pause) == 0) {
        return 0;
    }
    for (size_t i = 0; i < row.by_pause.at(pause).size(); i++) {
        each.push_back(row.by_pause.at(pause)[i] / ours->by_pause.at(pause)[i]);
    }
    return median(each);
}

/* The pause at which a contender is fastest. */
inline int best_pause(const Row &row)
{
    return std::min_element(
               row.by_pause.begin(), row.by_pause.end(),
               [](const auto &a, const auto &b) { return median(a.second) < median(b.second); })
        ->first;
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
        bool is_ours = row.contender.rfind("shmring", 0) == 0;
        int pause = best_pause(row);
        double ns = median(is_ours ? all_values(row) : row.by_pause.at(pause));

        printf("| %s | %s | ", row.work.c_str(), row.contender.c_str());
        if (is_ours) {
            printf("its own");
        } else {
            printf("%d", pause);
        }
        printf(" | %.1f | %.2f | %.2f |\n", ns, 1e3 / ns, ratio(row, pause));
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
