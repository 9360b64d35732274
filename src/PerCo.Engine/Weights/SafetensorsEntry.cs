using PerCo.Engine.Tensors;

namespace PerCo.Engine.Weights;

/// <summary>One tensor of a safetensors header; offsets count from the end of the header.</summary>
internal readonly record struct SafetensorsEntry(ElementType Type, Shape Shape, long Begin, long End);
