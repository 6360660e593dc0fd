using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>What compiled assemblies reference, read from their metadata without loading them.</summary>
public static class AssemblyGraph
{
    /// <summary>Names of the assemblies that one assembly references.</summary>
    public static ImmutableArray<string> References(string path) =>
        Read(path, metadata => metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToImmutableArray());

    /// <summary>Full names of the types of other assemblies that one assembly names.</summary>
    public static ImmutableArray<string> NamedTypes(string path) =>
        Read(path, metadata => metadata.TypeReferences
            .Select(metadata.GetTypeReference)
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}").ToImmutableArray());

    /// <summary>
    /// The references of an assembly and of all assemblies beside it that it leads to, by assembly name: the framework's own assemblies
    /// do not lie beside it and end a chain.
    /// </summary>
    public static ImmutableDictionary<string, ImmutableArray<string>> From(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        var graph = ImmutableDictionary.CreateBuilder<string, ImmutableArray<string>>();
        var open = new Stack<string>([Path.GetFileNameWithoutExtension(path)]);
        while (open.TryPop(out var assembly))
        {
            var file = Path.Combine(folder, assembly + ".dll");
            if (graph.ContainsKey(assembly) || !File.Exists(file))
                continue;
            graph.Add(assembly, References(file));
            foreach (var reference in graph[assembly])
                open.Push(reference);
        }

        return graph.ToImmutable();
    }

    private static T Read<T>(string path, Func<MetadataReader, T> read)
    {
        using var file = new PEReader(File.OpenRead(path));
        return read(file.GetMetadataReader());
    }
}
