using System.Collections.Immutable;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>A text file of the repository.</summary>
/// <param name="Path">Relative to the root, with '/' as separator.</param>
/// <param name="Text">Its content.</param>
public sealed record SourceFile(string Path, string Text)
{
    /// <summary>The lower-case extension with its dot, or the empty string.</summary>
    public string Extension => System.IO.Path.GetExtension(Path).ToLowerInvariant();

    /// <inheritdoc/>
    public override string ToString() => Path;
}

/// <summary>The checked-out repository that these tests were compiled from.</summary>
public static class Repository
{
    private static readonly ImmutableHashSet<string> IgnoredFolders = [".git", ".vs", ".idea", ".vscode", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts"];
    private static readonly ImmutableHashSet<string> BinaryExtensions = [".gz", ".onnx", ".png", ".bin"];

    /// <summary>The folder with the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file, in ordinal order of the paths; of one that is no text its path alone.</summary>
    public static ImmutableArray<SourceFile> Files { get; } = [.. Walk(new DirectoryInfo(Root)).OrderBy(file => file.Path, StringComparer.Ordinal)];

    /// <summary>Every project file, read.</summary>
    public static ImmutableArray<ProjectFile> Projects { get; } =
        [.. Files.Where(file => file.Extension == ".csproj").Select(file => ProjectFile.Parse(file.Path, file.Text))];

    /// <summary>The text of one file.</summary>
    public static string Read(string path) => Files.SingleOrDefault(file => file.Path == path)?.Text
        ?? throw new FileNotFoundException($"{path} is missing from {Root}.");

    /// <summary>Path of a project's compiled assembly, built in the same configuration as this one.</summary>
    public static string Assembly(string project, string assembly)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)); // artifacts/bin/Architecture.Tests/debug
        var path = Path.Combine(own.Parent!.Parent!.FullName, project, own.Name, assembly + ".dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: build the solution first.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FederatedClinicalMl.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No FederatedClinicalMl.sln above {AppContext.BaseDirectory}.");
    }

    private static IEnumerable<SourceFile> Walk(DirectoryInfo folder)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (IgnoredFolders.Contains(entry.Name)) // in a git worktree .git is a file
                continue;
            if (entry is DirectoryInfo child)
            {
                foreach (var file in Walk(child))
                    yield return file;
            }
            else
            {
                yield return new SourceFile(
                    Path.GetRelativePath(Root, entry.FullName).Replace('\\', '/'), BinaryExtensions.Contains(entry.Extension.ToLowerInvariant()) ? "" : File.ReadAllText(entry.FullName));
            }
        }
    }
}
