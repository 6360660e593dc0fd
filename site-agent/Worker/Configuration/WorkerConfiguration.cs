using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>worker.yaml</c>: who this worker is and which accounts may speak to it.</summary>
/// <param name="Site">The site, as in its invitation.</param>
/// <param name="GatewayUid">The gateway's account, by Unix uid; null: this worker's own.</param>
/// <param name="StewardUids">Accounts of stewards, besides this worker's own and root.</param>
public sealed record WorkerConfiguration(SiteId Site, uint? GatewayUid, ImmutableArray<uint> StewardUids)
{
    private const int DefaultKeepReleasesDays = 90;
    private const int DefaultKeepRootsDays = 365;
    private const int DefaultKeepContentsDays = 2557; // seven years, as the coordinator keeps what it got

    /// <summary>For how many days a release waits for the coordinator's last word.</summary>
    public int KeepReleasesDays { get; init; } = DefaultKeepReleasesDays;

    /// <summary>For how many days the root of a run's randomness is kept: so long a release can be computed again.</summary>
    public int KeepRootsDays { get; init; } = DefaultKeepRootsDays;

    /// <summary>For how many days the content of a release is kept, where it is an aggregate that people can read.</summary>
    public int KeepContentsDays { get; init; } = DefaultKeepContentsDays;

    /// <summary>The folder <c>serving/</c>, of which the scoring program reads; null: in the worker's own folder.</summary>
    public string? ServingFolder { get; init; }

    /// <summary>The text of a file.</summary>
    public string ToYaml() => string.Create(CultureInfo.InvariantCulture, $"""
        # Who this worker is, and which accounts of this machine may speak to it. docs/reference/site-worker.md
        site: {Site}

        # Unix uid of the gateway's account, the only one that may use exchange/worker.sock. "own" is this worker's own account: no separation.
        gateway-uid: {GatewayUid?.ToString(CultureInfo.InvariantCulture) ?? "own"}

        # Unix uids of stewards, who may use steward.sock besides this worker's own account and root.
        steward-uids: [{string.Join(", ", StewardUids)}]

        # A release on which the coordinator is silent for so many days is destroyed. docs/reference/retention.md
        keep-releases-days: {KeepReleasesDays}

        # Where models lie that may be scored with here, in a full path; "own" is serving/ in this folder, which no other account can read. docs/reference/serving.md
        serving-folder: {ServingFolder ?? "own"}

        # The secret root of a run's randomness is erased so many days after the run has started; nothing of the run can be computed again then.
        keep-roots-days: {KeepRootsDays}

        # What a release contained can be read here for so many days, where it is an aggregate and no vector. docs/reference/retention.md
        keep-contents-days: {KeepContentsDays}

        """);

    /// <summary>Reads a file.</summary>
    /// <exception cref="WorkerSetupException">It is missing or has faults; all are named.</exception>
    public static WorkerConfiguration ReadFile(string path)
    {
        if (!File.Exists(path))
            throw new WorkerSetupException($"'{path}' is not there. Run 'site-worker init --data {Path.GetDirectoryName(path)} --site NAME' first.");
        var faults = new List<ConfigurationFault>();
        if (YamlFields.Parse(File.ReadAllText(path), faults) is not { } fields)
            throw Faulty(path, faults);
        var site = fields.Word("site", Name.IsName, $"a site's name: {Name.Rule}");
        uint? gateway = fields.IsWord("gateway-uid", "own") ? null : (uint)fields.Integer("gateway-uid", 0, uint.MaxValue);
        var stewards = fields.Words("steward-uids", word => uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _), "Unix uids");
        var days = fields.Has("keep-releases-days") ? (int)fields.Integer("keep-releases-days", 1, 36_500) : DefaultKeepReleasesDays;
        var rootDays = fields.Has("keep-roots-days") ? (int)fields.Integer("keep-roots-days", 1, 36_500) : DefaultKeepRootsDays;
        var contentDays = fields.Has("keep-contents-days") ? (int)fields.Integer("keep-contents-days", 1, 36_500) : DefaultKeepContentsDays;
        string? serving = !fields.Has("serving-folder") || fields.IsWord("serving-folder", "own") ? null : fields.Word("serving-folder", Path.IsPathFullyQualified, "a full path, or own");
        fields.End("site", "gateway-uid", "steward-uids", "keep-releases-days", "keep-roots-days", "keep-contents-days", "serving-folder");
        return faults.Count == 0
            ? new WorkerConfiguration(SiteId.Parse(site), gateway, [.. stewards.Select(uid => uint.Parse(uid, CultureInfo.InvariantCulture))])
            {
                KeepReleasesDays = days, KeepRootsDays = rootDays, KeepContentsDays = contentDays, ServingFolder = serving,
            }
            : throw Faulty(path, faults);
    }

    private static WorkerSetupException Faulty(string path, List<ConfigurationFault> faults) => new(string.Join(Environment.NewLine, faults.Select(fault => $"{path}:{fault}")));
}

/// <summary>The worker's folder is not as it must be; the message says how to mend it.</summary>
public sealed class WorkerSetupException(string message) : Exception(message);

/// <summary>The worker's own folder: names of its files, and their making.</summary>
/// <param name="Root">Full path.</param>
public sealed record WorkerFolder(string Root)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyDirectory = OwnerOnly | UnixFileMode.UserExecute;

    /// <summary>Signing key, PKCS#8 PEM.</summary>
    public string Key => Path.Join(Root, WorkerKeyFile.FileName);

    /// <summary>Key of fingerprints, hexadecimal.</summary>
    public string Secret => Path.Join(Root, "site.secret");

    /// <summary>The site's policy.</summary>
    public string Policy => Path.Join(Root, "policy.yaml");

    /// <summary>Which dataset means which file.</summary>
    public string Datasets => Path.Join(Root, "datasets.yaml");

    /// <summary>Who this worker is.</summary>
    public string Configuration => Path.Join(Root, "worker.yaml");

    /// <summary>The steward's socket.</summary>
    public string StewardSocket => Path.Join(Root, "steward.sock");

    /// <summary>Where its event stores are.</summary>
    public string Events => Path.Join(Root, "events");

    /// <summary>Key of the event stores, hexadecimal; not there where it is handed over as a credential.</summary>
    public string StoreKey => Path.Join(Root, "store.key");

    /// <summary>The site's own rules of data quality; need not be there.</summary>
    public string Quality => Path.Join(Root, "quality.yaml");

    /// <summary>Where its stewards' decisions about flagged values are.</summary>
    public string Decisions => Path.Join(Root, "decisions");

    /// <summary>Where every mapping that a steward approved is kept, by its digest.</summary>
    public string Mappings => Path.Join(Root, "mappings");

    /// <summary>What a replay was given; empty while there is none.</summary>
    public string Replay => Path.Join(Root, "replay");

    /// <summary>Where models lie that may be scored with, where <see cref="WorkerConfiguration.ServingFolder"/> names no other folder.</summary>
    public string Serving => Path.Join(Root, "serving");

    /// <summary>Where its log files are.</summary>
    public string Logs => Path.Join(Root, "logs");

    /// <summary>Makes the folder and what is missing in it; what is there stays as it is.</summary>
    /// <returns>The files that were made.</returns>
    public IReadOnlyList<string> Initialise(WorkerConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        MakePrivate(Root);
        var made = new List<string>();
        Make(made, Configuration, configuration.ToYaml());
        Make(made, Policy, PolicyReader.Default);
        Make(made, Datasets, DatasetMap.Default);
        using (var key = SigningKey.Create())
            Make(made, Key, key.ToPem());
        Make(made, Secret, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SiteSecret.Length)));
        // Where there are stores, a new key would open none of them: the right one is elsewhere (a credential, a backup), or they go with it.
        if (!Directory.Exists(Events))
            Make(made, StoreKey, KeyFile.New());
        return made;
    }

    /// <summary>The worker's identity.</summary>
    /// <exception cref="WorkerSetupException">The folder was not initialised, or a key can be read by other accounts.</exception>
    public WorkerIdentity Open(WorkerConfiguration configuration, string software)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        RequirePrivate(Key);
        RequirePrivate(Secret);
        return new WorkerIdentity(configuration.Site, SigningKey.FromPem(File.ReadAllText(Key)), new SiteSecret(Convert.FromHexString(File.ReadAllText(Secret).Trim())), software);
    }

    /// <summary>Makes a directory that only its owner may enter, and checks that it is one.</summary>
    public static void MakePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory); // its access list is set by the installer: docs/how-to/hospital.md
            return;
        }

        Directory.CreateDirectory(directory, OwnerOnlyDirectory);
        File.SetUnixFileMode(directory, OwnerOnlyDirectory);
    }

    /// <summary>
    /// Lets other accounts pass through the folder to the steward's socket, and to nothing else: its entries become the owner's alone, and it
    /// cannot be listed. Who may use the socket is decided by the account that connects.
    /// </summary>
    /// <exception cref="WorkerSetupException">An entry belongs to another account.</exception>
    [UnsupportedOSPlatform("windows")]
    public void OpenToStewards()
    {
        MakePrivate(Logs);
        foreach (var entry in new DirectoryInfo(Root).EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is null))
        {
            try
            {
                entry.UnixFileMode = entry is DirectoryInfo ? OwnerOnlyDirectory : OwnerOnly;
            }
            catch (UnauthorizedAccessException)
            {
                throw new WorkerSetupException($"'{entry.FullName}' belongs to another account, and worker.yaml names stewards, who pass through this folder. Give it to the worker's account (chown), or move it elsewhere.");
            }
        }

        File.SetUnixFileMode(Root, OwnerOnlyDirectory | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    internal static void RequirePrivate(string path)
    {
        if (!File.Exists(path))
            throw new WorkerSetupException($"'{path}' is not there. 'site-worker init' makes it; a lost key is replaced by enrolling anew.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0)
            throw new WorkerSetupException($"'{path}' can be read by other accounts. Run: chmod 600 {path}");
    }

    private static void Make(List<string> made, string path, string content)
    {
        if (File.Exists(path))
            return;
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using var file = new FileStream(path, options);
        file.Write(System.Text.Encoding.UTF8.GetBytes(content));
        file.Flush(flushToDisk: true);
        made.Add(path);
    }
}
