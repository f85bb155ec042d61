// Runs a Verilated design over arrays: compiled with the model, between the constants and the port functions that are
// generated for the design.

#include <cstring>
#include <stdexcept>
#include <vector>

namespace {

// A stream whose payloads are queued (a source) or collected (a sink). The layout is shared with batch.py.
struct Stream {
    int64_t valid, ready, payload;  // port numbers, each among the ports of its direction
    const uint8_t* pattern;         // by cycle, repeated: whether a source may offer, whether a sink is ready
    int64_t pattern_length;
    char* data;  // payloads, and what a source shows while it offers none
    char* idle;
    int64_t bytes;    // of one payload
    int64_t limit;    // payloads in the source, or as many as the sink accepts
    int64_t* cycles;  // when each transfer took place
    int64_t done;     // transfers so far
    int64_t offered;  // the design sees valid (source) or ready (sink)
};

// The layout is shared with batch.py.
struct Run {
    int64_t cycle, end;
    char** inputs;
    const int64_t* input_steps;
    char** outputs;
    const int64_t* output_steps;
    int64_t source_count, sink_count, required_sinks;  // the run ends when the first so many sinks are full; 0: never
    Stream* sources;
    Stream* sinks;
};

struct Model {
    VerilatedContext context;
    std::unique_ptr<Vtop> top;
};

char low = 0, high = 1;

template <typename Port>
inline void load(Port& port, char*& from, int64_t step) {
    std::memcpy(&port, from, sizeof port);
    from += step;
}

template <int WIDTH, bool SIGNED, typename Port>
inline void store(const Port& port, char*& to, int64_t step) {
    if constexpr (WIDTH > 64) {
        std::memcpy(to, &port, sizeof port);
    } else {
        uint64_t word = port;
        if (SIGNED) word = static_cast<int64_t>(word << (64 - WIDTH)) >> (64 - WIDTH);
        std::memcpy(to, &word, sizeof word);
    }
    to += step;
}

// Generated: move one cycle's values between arrays and ports.
inline void drive(Vtop& top, char** from, const int64_t* steps);
inline void sample(const Vtop& top, char** to, const int64_t* steps);
inline void set_clock(Vtop& top, int level);

// Settle with the clock low, so that outputs can be read as they stand just before the rising edge.
void settle(Vtop& top) {
    set_clock(top, 0);
    top.eval();
}

void rising_edge(Vtop& top) {
    if (!CLOCKED) return;
    set_clock(top, 1);
    top.eval();
}

void reset(Vtop& top) {
    std::vector<char> zero(WIDEST);
    std::vector<char*> inputs(INPUTS, zero.data());
    const std::vector<int64_t> steps(INPUTS, 0);
    inputs[RESET] = &high;
    for (int cycle = 0; cycle < RESET_CYCLES; ++cycle) {
        drive(top, inputs.data(), steps.data());
        settle(top);
        rising_edge(top);
    }
}

// A source that has raised valid keeps it until the transfer; under reset nothing is offered.
void offer(Run& run, Stream& source, bool in_reset) {
    const bool start = source.pattern[run.cycle % source.pattern_length];
    source.offered = !in_reset && source.done < source.limit && (source.offered || start);
    run.inputs[source.valid] = source.offered ? &high : &low;
    run.inputs[source.payload] = source.offered ? source.data + source.done * source.bytes : source.idle;
}

void accept(Run& run, Stream& sink, bool in_reset) {
    sink.offered = !in_reset && sink.done < sink.limit && sink.pattern[run.cycle % sink.pattern_length];
    run.inputs[sink.ready] = sink.offered ? &high : &low;
    run.outputs[sink.payload] = sink.data + sink.done * sink.bytes;
}

void transfer(const Run& run, Stream& stream, bool answered) {
    if (!stream.offered || !answered) return;
    stream.cycles[stream.done++] = run.cycle;
    stream.offered = 0;
}

bool finished(const Run& run) {
    for (int64_t i = 0; i < run.required_sinks; ++i)
        if (run.sinks[i].done < run.sinks[i].limit) return false;
    return run.required_sinks > 0;
}

void advance(Vtop& top, Run& run) {
    std::vector<int64_t> ready(run.source_count), valid(run.sink_count);
    for (int64_t i = 0; i < run.source_count; ++i)
        run.outputs[run.sources[i].ready] = reinterpret_cast<char*>(&ready[i]);
    for (int64_t i = 0; i < run.sink_count; ++i)
        run.outputs[run.sinks[i].valid] = reinterpret_cast<char*>(&valid[i]);
    while (run.cycle < run.end && !finished(run)) {
        const bool in_reset = CLOCKED && *run.inputs[RESET];
        for (int64_t i = 0; i < run.source_count; ++i) offer(run, run.sources[i], in_reset);
        for (int64_t i = 0; i < run.sink_count; ++i) accept(run, run.sinks[i], in_reset);
        drive(top, run.inputs, run.input_steps);
        settle(top);
        sample(top, run.outputs, run.output_steps);
        for (int64_t i = 0; i < run.source_count; ++i) transfer(run, run.sources[i], ready[i]);
        for (int64_t i = 0; i < run.sink_count; ++i) transfer(run, run.sinks[i], valid[i]);
        rising_edge(top);
        ++run.cycle;
    }
}

template <typename Action>
bool guarded(char* message, size_t size, Action action) {
    try {
        action();
        return true;
    } catch (const std::exception& error) {
        std::strncpy(message, error.what(), size - 1);
        return false;
    }
}

}  // namespace

// Verilator's own version ends the process.
void vl_fatal(const char*, int, const char*, const char* message) { throw std::runtime_error(message); }

extern "C" Model* bitline_open(int seed, char* message, size_t size) {
    Model* model = new Model;
    model->context.randReset(2);
    model->context.randSeed(seed);
    const bool opened = guarded(message, size, [&] {
        model->top.reset(new Vtop(&model->context, ""));
        if (CLOCKED) reset(*model->top);
    });
    if (opened) return model;
    delete model;
    return nullptr;
}

extern "C" bool bitline_advance(Model* model, Run* run, char* message, size_t size) {
    return guarded(message, size, [&] { advance(*model->top, *run); });
}

extern "C" void bitline_close(Model* model) { delete model; }
