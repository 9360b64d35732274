namespace PerCo.Engine;

/// <summary>
/// A setting that can help against an error. The message says in words what to change; a program that has a name for
/// it, such as an option or a button, can show that beside it.
/// </summary>
public enum Remedy
{
    /// <summary>Compute on the CPU.</summary>
    Cpu,

    /// <summary>Compute through OpenCL.</summary>
    OpenCl,

    /// <summary>Keep weights and activations of a GPU as fp16.</summary>
    Fp16,

    /// <summary>Draw fewer pictures at once.</summary>
    FewerPictures,

    /// <summary>Plan the work to stay below a limit of memory.</summary>
    MemoryLimit,

    /// <summary>Accept larger pictures.</summary>
    PixelLimit,

    /// <summary>Open another model.</summary>
    Model,

    /// <summary>Decode with a model that the file was not made with.</summary>
    AnyModel,

    /// <summary>Give the caption.</summary>
    Caption,

    /// <summary>Store no caption.</summary>
    NoCaption,

    /// <summary>Take another number of denoising steps.</summary>
    Steps,

    /// <summary>Take another guidance scale.</summary>
    Guidance,

    /// <summary>Take another scheduler.</summary>
    Scheduler,
}
