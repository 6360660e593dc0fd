using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The scoring program's own folder: names of its files, and their making. It holds PHI and is its account's alone.</summary>
/// <param name="Root">Full path.</param>
public sealed record ScoringFolder(string Root)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The configuration.</summary>
    public string Configuration => Path.Join(Root, "scoring.yaml");

    /// <summary>Who may call: names, and SHA-256 of keys.</summary>
    public string Clients => Path.Join(Root, "clients.yaml");

    /// <summary>Secret key of the prediction log, hexadecimal; not there where it is handed over as a credential.</summary>
    public string Key => Path.Join(Root, "scoring.key");

    /// <summary>Where its log files are.</summary>
    public string Logs => Path.Join(Root, "logs");

    /// <summary>Makes the folder, the half of the shared folder that this program writes, and what is missing in them; what is there stays as it is.</summary>
    /// <returns>The files that were made.</returns>
    public IReadOnlyList<string> Initialise(SiteId site, string serving)
    {
        MakePrivate(Root);
        var made = new List<string>();
        Make(made, Configuration, ScoringConfiguration.NewYaml(site, Path.GetFullPath(serving)));
        Make(made, Clients, ClientKeys.Empty.ToYaml());
        Make(made, Key, KeyFile.New());
        new FileDisk(serving).CreateDirectory(ServingPaths.Withdrawn);
        return made;
    }

    /// <summary>Makes a directory that only its owner may enter.</summary>
    internal static void MakePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory); // its access list is set by the installer: docs/how-to/hospital.md
            return;
        }

        const UnixFileMode Mode = OwnerOnly | UnixFileMode.UserExecute;
        Directory.CreateDirectory(directory, Mode);
        File.SetUnixFileMode(directory, Mode);
    }

    /// <summary>Refuses a secret that other accounts can read.</summary>
    /// <exception cref="ScoringSetupException">They can, or it is not there.</exception>
    internal static void RequirePrivate(string path)
    {
        if (!File.Exists(path))
            throw new ScoringSetupException($"'{path}' is not there. 'site-scoring init' makes it; if it is lost, so are the predictions that it opens.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
            throw new ScoringSetupException($"'{path}' can be read by other accounts. Run: chmod 600 {path}");
    }

    private static void Make(List<string> made, string path, string content)
    {
        if (File.Exists(path))
            return;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(content));
        file.Flush(flushToDisk: true);
        made.Add(path);
    }
}
