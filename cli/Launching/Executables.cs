namespace FederatedClinicalMl.Cli.Launching;

/// <summary>The three programs that fcml starts, each found in its own folder.</summary>
/// <param name="Coordinator">Path of the coordinator's executable.</param>
/// <param name="Gateway">Path of <c>site-agent</c>.</param>
/// <param name="Worker">Path of <c>site-worker</c>.</param>
internal sealed record Executables(string Coordinator, string Gateway, string Worker)
{
    private const string List = "launch.list";

    /// <summary>
    /// Finds the programs: where the build says (<c>launch.list</c>, one assembly per line), else in sibling folders
    /// <c>../coordinator</c>, <c>../site-agent</c>, <c>../site-worker</c> of an installation.
    /// </summary>
    public static Executables Find() => Find(AppContext.BaseDirectory);

    /// <summary>As <see cref="Find()"/>, for an fcml that lies in <paramref name="folder"/>.</summary>
    public static Executables Find(string folder)
    {
        var list = Path.Combine(folder, List);
        string[] built = File.Exists(list) ? File.ReadAllLines(list) : [];
        return new Executables(Locate("coordinator"), Locate("site-agent"), Locate("site-worker"));

        string Locate(string name)
        {
            var program = OperatingSystem.IsWindows() ? $"{name}.exe" : name;
            string[] places =
            [
                .. built.Where(line => Path.GetFileNameWithoutExtension(line) == name).Select(line => Path.Combine(Path.GetDirectoryName(line)!, program)),
                Path.GetFullPath(Path.Combine(folder, "..", name, program)),
            ];
            return places.FirstOrDefault(File.Exists) ?? throw new CliException(
                ExitCode.Usage,
                $"The program '{program}' is not in {string.Join(" nor in ", places.Select(Path.GetDirectoryName))}; build the solution, or install it beside fcml.");
        }
    }
}
