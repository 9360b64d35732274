using System.Reflection;
using System.Runtime.CompilerServices;
using PerCo.Engine.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Api;

/// <summary>What users of the library can see, member by member: it changes on purpose only.</summary>
public class PublicApiTests
{
    private const string Update = "PERCO_UPDATE_PUBLIC_API";

    private static string BaselinePath =>
        Path.Combine(TestPaths.Root, "tests", "PerCo.Engine.Tests", "Api", "PublicApi.txt");

    [Fact]
    public void The_public_API_is_the_recorded_one()
    {
        string[] actual = [.. Describe(typeof(PerCoFile).Assembly)];
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            File.WriteAllLines(BaselinePath, actual);
        }

        string[] expected = File.ReadAllLines(BaselinePath);
        string difference = string.Join(
            Environment.NewLine,
            [.. expected.Except(actual).Select(line => "- " + line), .. actual.Except(expected).Select(l => "+ " + l)]);
        Assert.True(
            expected.SequenceEqual(actual),
            $"The public API differs from {BaselinePath}:{Environment.NewLine}{difference}{Environment.NewLine}"
            + $"If that is meant, run this test once with {Update}=1 and commit the file; otherwise make it internal.");
    }

    [Fact]
    public void Networks_layers_and_weights_stay_inside()
    {
        string[] open = [.. typeof(PerCoFile).Assembly.GetExportedTypes()
            .Where(t => t.Namespace!.StartsWith("PerCo.Engine.Networks", StringComparison.Ordinal)
                || t.Namespace.StartsWith("PerCo.Engine.Layers", StringComparison.Ordinal))
            .Select(t => t.FullName!)];
        Assert.Empty(open);
    }

    private static IEnumerable<string> Describe(Assembly assembly)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
            | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            string parent = type.BaseType is { } b && b != typeof(object) && !type.IsValueType ? $" : {Name(b)}" : "";
            yield return $"{Kind(type)} {Name(type, true)}{parent}";
            if (typeof(Delegate).IsAssignableFrom(type))
            {
                continue;
            }

            foreach (string member in type.GetMembers(Declared).Where(IsVisible).Select(m => Member(m))
                .Where(text => text.Length > 0).Order(StringComparer.Ordinal))
            {
                yield return $"    {Name(type)}.{member}";
            }
        }
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase m => IsVisible(m) && !m.IsDefined(typeof(CompilerGeneratedAttribute)) && m.Name[0] != '<',
        FieldInfo f => f.IsPublic && !f.IsSpecialName,
        PropertyInfo p => IsVisible(p.GetMethod) || IsVisible(p.SetMethod),
        EventInfo e => IsVisible(e.AddMethod),
        _ => false,
    };

    private static bool IsVisible(MethodBase? method) =>
        method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    private static string Member(MemberInfo member) => member switch
    {
        ConstructorInfo c => $"new({Parameters(c)})",
        MethodInfo { IsSpecialName: true } m when !m.Name.StartsWith("op_", StringComparison.Ordinal) => "",
        MethodInfo m => $"{m.Name}({Parameters(m)}) : {Name(m.ReturnType)}",
        FieldInfo f => $"{f.Name} : {Name(f.FieldType)}",
        PropertyInfo p => $"{p.Name} {{ {(IsVisible(p.GetMethod) ? "get; " : "")}"
            + $"{(IsVisible(p.SetMethod) ? "set; " : "")}}} : {Name(p.PropertyType)}",
        EventInfo e => $"event {e.Name}",
        _ => "",
    };

    private static string Parameters(MethodBase method) => string.Join(
        ", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.IsOptional ? "?" : "")}"));

    private static string Kind(Type type) =>
        type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
        : type.IsAbstract && type.IsSealed ? "static class" : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class" : "class";

    private static string Name(Type type, bool full = false)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!) + "&";
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        string name = full && !type.IsGenericParameter ? type.FullName! : type.Name;
        return type.IsGenericType
            ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(a => Name(a)))}>"
            : name;
    }
}
