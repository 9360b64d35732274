namespace PerCo.Engine.Tensors;

/// <summary>The memory behind a <see cref="Tensor"/>; each kind of backend has its own.</summary>
public abstract class TensorStorage
{
    /// <summary>Gives the memory back to the arena that it came from. Called once.</summary>
    protected internal abstract void Release();
}
