using System.Collections.Immutable;
using System.Xml.Linq;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>What a project file says, as far as the rules look at it.</summary>
/// <param name="Path">Relative to the root.</param>
/// <param name="References">Rooms it references: the folders of the projects named.</param>
/// <param name="Packages">Packages it references.</param>
/// <param name="Imports">Files it imports, relative to the root.</param>
/// <param name="Document">The whole of it.</param>
public sealed record ProjectFile(
    string Path,
    ImmutableArray<string> References,
    ImmutableArray<string> Packages,
    ImmutableArray<string> Imports,
    XDocument Document)
{
    /// <summary>The folder that the project file lies in, e.g. <c>core/Numerics</c>.</summary>
    public string Room => Folder(Path);

    /// <summary>Whether it is a test project.</summary>
    public bool IsTest => Path.StartsWith("tests/", StringComparison.Ordinal);

    /// <summary>Reads a project file.</summary>
    public static ProjectFile Parse(string path, string xml)
    {
        var document = XDocument.Parse(xml);
        ImmutableArray<string> Values(string element, string attribute) =>
            [.. document.Descendants(element).Select(item => (string?)item.Attribute(attribute)).OfType<string>()];
        return new ProjectFile(
            path,
            [.. Values("ProjectReference", "Include").Select(reference => Folder(Resolve(path, reference)))],
            Values("PackageReference", "Include"),
            [.. Values("Import", "Project").Select(import => Resolve(path, import))],
            document);
    }

    private static string Folder(string path) => path[..path.LastIndexOf('/')];

    private static string Resolve(string from, string relative)
    {
        var parts = new Stack<string>(Folder(from).Split('/'));
        foreach (var part in relative.Replace('\\', '/').Split('/'))
        {
            if (part == "..")
                parts.Pop();
            else if (part != ".")
                parts.Push(part);
        }

        return string.Join('/', parts.Reverse());
    }
}
