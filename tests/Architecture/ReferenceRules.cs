using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Tests.Architecture;

/// <summary>Rules on what projects reference. Each answers with its violations, one sentence each.</summary>
public static partial class ReferenceRules
{
    /// <summary>A room references only what its row names; nothing references a test project but another test project.</summary>
    public static IEnumerable<string> ForbiddenReferences(IEnumerable<ProjectFile> projects, ImmutableDictionary<string, ReferenceRow> table) =>
        from project in projects
        from room in project.References
        where !project.IsTest && !(table.TryGetValue(project.Room, out var row) && row.Allows(room))
        select $"{project.Path} references {room}, which the reference table does not allow to {project.Room}.";

    /// <summary>Every room has a row, every row a room; a room marked "later" has no project yet.</summary>
    public static IEnumerable<string> IncompleteTable(IEnumerable<ProjectFile> projects, ImmutableDictionary<string, ReferenceRow> table)
    {
        var rooms = projects.Where(project => !project.IsTest).Select(project => project.Room).ToImmutableHashSet();
        foreach (var room in rooms.Where(room => !table.ContainsKey(room)))
            yield return $"{room} has a project but no row in the reference table.";
        foreach (var row in table.Values.Where(row => !row.Later && !rooms.Contains(row.Room)))
            yield return $"{row.Room} has a row in the reference table but no project.";
        foreach (var row in table.Values.Where(row => row.Later && rooms.Contains(row.Room)))
            yield return $"{row.Room} is marked (later) in the reference table but has a project.";
    }

    /// <summary>The solution lists every project file and no other.</summary>
    public static IEnumerable<string> SolutionDifferences(IEnumerable<ProjectFile> projects, string solution)
    {
        var listed = ListedProject().Matches(solution).Select(match => match.Groups[1].Value.Replace('\\', '/')).ToImmutableHashSet();
        var present = projects.Select(project => project.Path).ToImmutableHashSet();
        foreach (var path in present.Except(listed))
            yield return $"{path} is not in the solution: dotnet sln add {path}";
        foreach (var path in listed.Except(present))
            yield return $"The solution lists {path}, which is not there.";
    }

    /// <summary>Only the given rooms, and tests, reference the package.</summary>
    public static IEnumerable<string> PackageOutside(IEnumerable<ProjectFile> projects, string package, params string[] rooms) =>
        from project in projects
        where !project.IsTest && !rooms.Contains(project.Room)
        where project.Packages.Any(name => name == package || name.StartsWith(package + ".", StringComparison.Ordinal))
        select $"{project.Path} references {package}, which belongs to {string.Join(", ", rooms)} and tests.";

    /// <summary>Only the given rooms, and tests, import the build file.</summary>
    public static IEnumerable<string> ImportOutside(IEnumerable<ProjectFile> projects, string import, params string[] rooms) =>
        from project in projects
        where !project.IsTest && !rooms.Contains(project.Room) && project.Imports.Contains(import)
        select $"{project.Path} imports {import}, which belongs to {string.Join(", ", rooms)} and tests.";

    [GeneratedRegex("\"([^\"]+\\.csproj)\"")]
    private static partial Regex ListedProject();
}
