// oneDNN's side of the comparison: reads commands from standard input and answers each with one line (README.md has the
// protocol). Weights are packed beforehand in the layout that oneDNN chooses; operands and results too, which is more
// than a network could always grant. Written for oneDNN 2.x (Debian's libdnnl-dev).
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using dnnl::algorithm;
using dnnl::memory;
using dt = memory::data_type;
using tag = memory::format_tag;

namespace {

constexpr size_t samples = size_t(1) << 18;

dnnl::engine &cpu() {
    static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

dnnl::stream &stream() {
    static dnnl::stream stream(cpu());
    return stream;
}

// Values by name, as the engine's SyntheticTensors defines them.
std::vector<float> synthetic(const std::string &name, size_t count, float scale) {
    uint64_t hash = 0xCBF29CE484222325ull;
    for (unsigned char byte : "peers/" + name) {
        hash = (hash ^ byte) * 0x100000001B3ull;
    }
    std::vector<float> values(count);
    for (size_t i = 0; i < count; i++) {
        uint64_t x = hash + (i + 1) * 0x9E3779B97F4A7C15ull;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
        x ^= x >> 31;
        values[i] = float(int32_t(x >> 40) - (1 << 23)) * 0x1p-23f * scale;
    }
    return values;
}

struct Line {
    std::string op;
    std::map<std::string, std::string> values;

    explicit Line(const std::string &text) {
        std::istringstream words(text);
        words >> op;
        for (std::string word; words >> word;) {
            size_t equals = word.find('=');
            values[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }

    memory::dim number(const std::string &name, memory::dim otherwise = 0) const {
        auto found = values.find(name);
        return found == values.end() ? otherwise : std::stoll(found->second);
    }
};

// A primitive with its operands.
struct Work {
    std::string name;
    dnnl::primitive primitive;
    std::unordered_map<int, memory> arguments;
    memory::desc plain_result;

    void run() {
        primitive.execute(stream(), arguments);
        stream().wait();
    }

    std::vector<float> result() {
        run();
        std::vector<float> values(plain_result.get_size() / sizeof(float));
        memory plain(plain_result, cpu(), values.data());
        dnnl::reorder(arguments[DNNL_ARG_DST], plain).execute(stream(), arguments[DNNL_ARG_DST], plain);
        stream().wait();
        return values;
    }
};

memory packed(std::vector<float> values, const memory::dims &dims, tag plain, const memory::desc &wanted) {
    memory from({dims, dt::f32, plain}, cpu(), values.data());
    memory to(wanted, cpu());
    dnnl::reorder(from, to).execute(stream(), from, to);
    stream().wait();
    return to;
}

template <typename Descriptor>
Work make(const Descriptor &descriptor, memory x, memory weights, memory bias, const memory::desc &plain) {
    Work work;
    work.name = descriptor.impl_info_str();
    work.primitive = dnnl::primitive(descriptor);
    work.arguments = {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_BIAS, bias},
                      {DNNL_ARG_DST, memory(descriptor.dst_desc(), cpu())}};
    work.plain_result = plain;
    return work;
}

std::vector<float> weight(memory::dim outputs, memory::dim fan_in) {
    return synthetic("weight", outputs * fan_in, float(std::sqrt(3.0 / fan_in)));
}

Work conv2d(const Line &line) {
    memory::dim inputs = line.number("inputs"), outputs = line.number("outputs");
    memory::dim height = line.number("height"), width = line.number("width");
    memory::dim kernel = line.number("kernel", 3), stride = line.number("stride", 1), up = line.number("up", 1);
    memory::dim half = kernel / 2;
    memory::dims x{1, inputs, height, width}, w{outputs, inputs, kernel, kernel}, b{outputs};
    memory::dims y{1, outputs, (height + 2 * half - kernel) / stride + 1, (width + 2 * half - kernel) / stride + 1};
    bool winograd = line.values.count("algorithm") && line.values.at("algorithm") == "winograd";
    dnnl::convolution_forward::desc operation(
        dnnl::prop_kind::forward_inference,
        winograd ? algorithm::convolution_winograd : algorithm::convolution_direct, {x, dt::f32, tag::any},
        {w, dt::f32, tag::any}, {b, dt::f32, tag::x}, {y, dt::f32, tag::any}, {stride, stride}, {half, half},
        {half, half});
    dnnl::convolution_forward::primitive_desc descriptor;
    try {
        descriptor = dnnl::convolution_forward::primitive_desc(operation, cpu());
    } catch (const dnnl::error &error) {
        throw std::runtime_error(winograd && error.status == dnnl_unimplemented
            ? "oneDNN has no fp32 Winograd convolution for this processor or this shape (its own needs AVX-512)"
            : error.what());
    }

    // Up-sampled beforehand, which costs oneDNN nothing here.
    std::vector<float> small = synthetic("x", inputs * (height / up) * (width / up), 1);
    std::vector<float> map(inputs * height * width);
    for (memory::dim c = 0; c < inputs; c++) {
        for (memory::dim i = 0; i < height; i++) {
            for (memory::dim j = 0; j < width; j++) {
                map[(c * height + i) * width + j] = small[(c * (height / up) + i / up) * (width / up) + j / up];
            }
        }
    }
    return make(
        descriptor, packed(map, x, tag::nchw, descriptor.src_desc()),
        packed(weight(outputs, inputs * kernel * kernel), w, tag::oihw, descriptor.weights_desc()),
        packed(synthetic("bias", outputs, 0.1f), b, tag::x, {b, dt::f32, tag::x}), {y, dt::f32, tag::nchw});
}

Work product(const Line &line) {
    memory::dim rows = line.number("rows"), inputs = line.number("inputs"), outputs = line.number("outputs");
    memory::dims x{rows, inputs}, w{inputs, outputs}, b{1, outputs}, y{rows, outputs};
    dnnl::matmul::primitive_desc descriptor(
        dnnl::matmul::desc({x, dt::f32, tag::ab}, {w, dt::f32, tag::any}, {b, dt::f32, tag::ab}, {y, dt::f32, tag::ab}),
        cpu());
    return make(
        descriptor, packed(synthetic("x", rows * inputs, 1), x, tag::ab, descriptor.src_desc()),
        packed(weight(outputs, inputs), w, tag::ba, descriptor.weights_desc()),
        packed(synthetic("bias", outputs, 0.1f), b, tag::ab, {b, dt::f32, tag::ab}), {y, dt::f32, tag::ab});
}

Work inner_product(const Line &line) {
    memory::dim rows = line.number("rows"), inputs = line.number("inputs"), outputs = line.number("outputs");
    memory::dims x{rows, inputs}, w{outputs, inputs}, b{outputs}, y{rows, outputs};
    dnnl::inner_product_forward::primitive_desc descriptor(
        dnnl::inner_product_forward::desc(
            dnnl::prop_kind::forward_inference, {x, dt::f32, tag::any}, {w, dt::f32, tag::any}, {b, dt::f32, tag::x},
            {y, dt::f32, tag::any}),
        cpu());
    return make(
        descriptor, packed(synthetic("x", rows * inputs, 1), x, tag::ab, descriptor.src_desc()),
        packed(weight(outputs, inputs), w, tag::ab, descriptor.weights_desc()),
        packed(synthetic("bias", outputs, 0.1f), b, tag::x, {b, dt::f32, tag::x}), {y, dt::f32, tag::ab});
}

double seconds(Work &work) {
    auto start = std::chrono::steady_clock::now();
    work.run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double best(Work &work) {
    work.run();
    return std::min({seconds(work), seconds(work), seconds(work)});
}

// oneDNN has two primitives for a matrix product; the faster one takes part.
Work linear(const Line &line) {
    Work first = product(line), second = inner_product(line);
    first.name = "matmul " + first.name;
    second.name = "inner_product " + second.name;
    return best(first) <= best(second) ? first : second;
}

std::map<std::string, Work> works;

std::string prepare(const std::string &text, const std::string &path) {
    Line line(text);
    if (line.op != "conv2d" && line.op != "linear") {
        throw std::runtime_error("oneDNN is compared in conv2d and linear only");
    }
    Work work = line.op == "conv2d" ? conv2d(line) : linear(line);
    works[text] = work;
    if (path == "-") {
        return "ok " + work.name;
    }
    std::vector<float> values = work.result(), some;
    size_t step = (values.size() / samples) | 1;
    for (size_t i = 0; i < values.size(); i += step) {
        some.push_back(values[i]);
    }
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char *>(some.data()), some.size() * sizeof(float));
    return "ok " + work.name;
}

std::string run(Work &work, double budget) {
    double first = seconds(work);
    std::vector<double> times;
    if (first >= budget) {
        times.push_back(first);
    }
    for (double total = 0; first < budget && total < budget; total += times.back()) {
        times.push_back(seconds(work));
    }
    std::sort(times.begin(), times.end());
    std::ostringstream text;
    text.precision(9);
    text << "ok " << times[times.size() / 2] << ' ' << times.size();
    return text.str();
}

std::string memory_peak() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmHWM:", 0) == 0) {
            return "ok " + std::to_string(std::stoll(line.substr(6)) * 1024);
        }
    }
    return "ok 0";
}

std::string answer(const std::vector<std::string> &words) {
    if (words[0] == "prepare") {
        return prepare(words[1], words[2]);
    }
    if (words[0] == "run") {
        return run(works.at(words[1]), std::stod(words[2]));
    }
    if (words[0] == "memory") {
        return memory_peak();
    }
    if (words[0] == "free") {
        works.clear();
        return "ok";
    }
    throw std::runtime_error("'" + words[0] + "' is no command");
}

}  // namespace

int main() {
    const dnnl_version_t *version = dnnl_version();
    const char *threads = std::getenv("OMP_NUM_THREADS");
    std::cout << "ready oneDNN " << version->major << '.' << version->minor << '.' << version->patch
              << " threads=" << (threads ? threads : "all") << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::vector<std::string> words;
        std::istringstream parts(line);
        for (std::string word; std::getline(parts, word, '\t');) {
            words.push_back(word);
        }
        try {
            std::cout << answer(words) << std::endl;
        } catch (const std::exception &error) {
            // The comparison goes on with the other rows.
            std::cout << "error " << error.what() << std::endl;
        }
    }
}
