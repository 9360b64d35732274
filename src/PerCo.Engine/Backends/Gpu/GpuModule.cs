namespace PerCo.Engine.Backends.Gpu;

/// <summary>A program on a device.</summary>
internal abstract class GpuModule : IDisposable
{
    /// <summary>Finds a kernel; the module keeps it.</summary>
    /// <exception cref="PerCoException">There is none of that name.</exception>
    public abstract GpuKernel Kernel(string name);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A kernel of a module.</summary>
/// <param name="name">Its name in the source.</param>
/// <param name="groupSize">Work-items of a group, as the source fixes it.</param>
internal abstract class GpuKernel(string name, int groupSize)
{
    /// <summary>Its name in the source.</summary>
    public string Name { get; } = name;

    /// <summary>Work-items of a group.</summary>
    public int GroupSize { get; } = groupSize;
}
