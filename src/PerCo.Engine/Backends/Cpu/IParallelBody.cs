namespace PerCo.Engine.Backends.Cpu;

/// <summary>
/// Work that a <see cref="WorkerPool"/> splits: a struct, so that nothing is allocated or called virtually.
/// </summary>
internal interface IParallelBody
{
    /// <summary>Does one item.</summary>
    /// <param name="item">0 … count − 1. What an item computes must not depend on who does it, or when.</param>
    /// <param name="worker">0 … threads − 1, for scratch memory; two items never run on one worker at once.</param>
    void Run(int item, int worker);
}
