// times.cpp: Google Benchmark over all rows. Names are GROUP SUBJECT INPUT MODE: --benchmark_filter chooses.
#include <string>

#include <benchmark/benchmark.h>

#include "rows.hpp"

int main(int argc, char** argv) {
    for (const bench::row& each : bench::rows()) {
        benchmark::RegisterBenchmark((each.name() + " " + std::to_string(each.octets)).c_str(),
                                     [run = each.run](benchmark::State& state) {
                                         for ([[maybe_unused]] auto step : state) {
                                             run();
                                         }
                                     });
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 1;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
