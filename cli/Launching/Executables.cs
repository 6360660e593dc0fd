namespace FederatedClinicalMl.Cli.Launching;

/// <summary>The programs that fcml starts, each found in its own folder.</summary>
/// <param name="Coordinator">Path of the coordinator's executable.</param>
/// <param name="Gateway">Path of <c>site-agent</c>.</param>
/// <param name="Worker">Path of <c>site-worker</c>.</param>
/// <param name="Console">Path of <c>site-console</c>; null: it is not installed, and nobody is shown a steward's pages.</param>
/// <param name="Scoring">Path of <c>site-scoring</c>; null: it is not installed, and nobody is scored.</param>
internal sealed record Executables(string Coordinator, string Gateway, string Worker, string? Console, string? Scoring)
{
    private const string List = "launch.list";

    /// <summary>
    /// Finds the programs: where the build says (<c>launch.list</c>, one assembly per line), else in sibling folders
    /// <c>../coordinator</c>, <c>../site-agent</c>, <c>../site-worker</c>, <c>../site-console</c>, <c>../site-scoring</c> of an installation.
    /// </summary>
    public static Executables Find() => Find(AppContext.BaseDirectory);

    /// <summary>As <see cref="Find()"/>, for an fcml that lies in <paramref name="folder"/>.</summary>
    public static Executables Find(string folder)
    {
        var list = Path.Combine(folder, List);
        string[] built = File.Exists(list) ? File.ReadAllLines(list) : [];
        return new Executables(Locate("coordinator"), Locate("site-agent"), Locate("site-worker"), Places("site-console").FirstOrDefault(File.Exists), Places("site-scoring").FirstOrDefault(File.Exists));

        string Locate(string name) => Places(name).FirstOrDefault(File.Exists) ?? throw new CliException(
            ExitCode.Usage,
            $"The program '{Path.GetFileName(Places(name)[0])}' is not in {string.Join(" nor in ", Places(name).Select(Path.GetDirectoryName))}; build the solution, or install it beside fcml.");

        string[] Places(string name)
        {
            var program = OperatingSystem.IsWindows() ? $"{name}.exe" : name;
            return
            [
                .. built.Where(line => Path.GetFileNameWithoutExtension(line) == name).Select(line => Path.Combine(Path.GetDirectoryName(line)!, program)),
                Path.GetFullPath(Path.Combine(folder, "..", name, program)),
            ];
        }
    }
}
