using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks;

/// <summary>
/// Refuses what a config.json asks for and this engine does not do: ignoring it would give a wrong picture silently.
/// </summary>
internal static class ConfigGuard
{
    /// <summary>
    /// Upper bound on channels, layers' features and the like; the largest published networks have 10240.
    /// </summary>
    public const int MaxChannels = 1 << 16;

    /// <summary>Upper bound on blocks and layers in a list.</summary>
    public const int MaxLayers = 64;

    /// <summary>Refuses fields that are present and not null.</summary>
    /// <exception cref="PerCoException">One of them is.</exception>
    public static void RefuseAny(this ConfigReader config, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (config.Has(name))
            {
                throw config.Error(name, "is not supported, expected null: the model needs parts that this engine "
                    + "lacks");
            }
        }
    }

    /// <summary>Refuses fields that are not as <paramref name="expected"/>, which is their default too.</summary>
    /// <exception cref="PerCoException">One of them is not.</exception>
    public static void RefuseUnless(this ConfigReader config, bool expected, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (config.Bool(name, expected) != expected)
            {
                throw config.Error(name, $"is {(expected ? "false" : "true")}, which is not supported");
            }
        }
    }

    /// <summary>Refuses null where null means something else than the default.</summary>
    /// <exception cref="PerCoException">One of the fields is null.</exception>
    public static void RefuseNull(this ConfigReader config, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (!config.Has(name) && config.Names.Contains(name))
            {
                throw config.Error(name, "is null, which is not supported");
            }
        }
    }

    /// <summary>
    /// Refuses fields that are not null and that nothing here reads: an option of another version, which may change the
    /// result. Names that begin with an underscore are notes of the library that wrote the file.
    /// </summary>
    /// <exception cref="PerCoException">There is such a field.</exception>
    public static void RefuseUnknown(this ConfigReader config, IReadOnlySet<string> known)
    {
        foreach (string name in config.Names)
        {
            if (!name.StartsWith('_') && config.Has(name) && !known.Contains(name))
            {
                throw config.Error(name, "is unknown. Is this the right network? Remove the field if it has no effect");
            }
        }
    }

    /// <summary>Checks the class that the file was written for, where it says one.</summary>
    /// <exception cref="PerCoException">It is another.</exception>
    public static void RequireClass(this ConfigReader config, string name) => config.OneOf("_class_name", name, name);
}
