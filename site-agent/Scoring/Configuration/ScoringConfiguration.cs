using System.Globalization;
using System.Net;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary><c>scoring.yaml</c>: docs/reference/scoring.md.</summary>
/// <param name="Site">The site, as the shelf names it.</param>
/// <param name="Serving">Full path of the folder that it shares with the worker.</param>
/// <param name="Listen">Where it listens.</param>
/// <param name="Zone">The hospital's time zone: what a date without time means.</param>
public sealed record ScoringConfiguration(SiteId Site, string Serving, IPEndPoint Listen, TimeZoneInfo Zone)
{
    /// <summary>Where it listens if nothing else is said.</summary>
    public const string DefaultListen = "127.0.0.1:8630";

    private const int DefaultKeepDays = 90;

    /// <summary>Full path of a PFX file with certificate and key for HTTPS; null: HTTP, which only a loopback address may have.</summary>
    public string? Certificate { get; init; }

    /// <summary>Full path of the file with that file's password; null: it has none.</summary>
    public string? CertificatePasswordFile { get; init; }

    /// <summary>Full path of the site's mapping of codes and units, the same as the worker's; null: none.</summary>
    public string? Mapping { get; init; }

    /// <summary>For how many days predictions are kept.</summary>
    public int KeepPredictionsDays { get; init; } = DefaultKeepDays;

    /// <summary>Most rows in one call.</summary>
    public int Rows { get; init; } = 1000;

    /// <summary>Calls a minute that each client has, on average.</summary>
    public int RequestsPerMinute { get; init; } = 24_000;

    /// <summary>Calls that a client may make at once.</summary>
    public int Burst { get; init; } = 1000;

    /// <summary>What a version must keep to.</summary>
    public GuardBounds Guard { get; init; } = GuardBounds.Default;

    /// <summary>The text of a new file.</summary>
    public static string NewYaml(SiteId site, string serving) => string.Create(CultureInfo.InvariantCulture, $"""
        # What scores patients inside the hospital. docs/reference/scoring.md
        site: {site}

        # The folder shared with the worker: to-scoring/ is read, from-scoring/ is written.
        serving: {Quoted(serving)}

        # Answers are about patients: another address than one of this machine itself needs a certificate, and is refused without.
        listen: {DefaultListen}
        # certificate: scoring.pfx
        # certificate-password-file: scoring.pfx.password

        # What a date without time means in a FHIR Bundle.
        time-zone: UTC

        # Predictions are deleted after so many days. docs/reference/retention.md
        keep-predictions-days: {DefaultKeepDays}

        """);

    /// <summary>Reads a file.</summary>
    /// <exception cref="ScoringSetupException">It is missing or has faults; all are named.</exception>
    public static ScoringConfiguration ReadFile(string path)
    {
        if (!File.Exists(path))
            throw new ScoringSetupException($"'{path}' is not there. Run 'site-scoring init --data {Path.GetDirectoryName(path)} --site NAME --serving FOLDER' first.");
        var faults = new List<ConfigurationFault>();
        var configuration = Read(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!, faults);
        return configuration is not null && faults.Count == 0 ? configuration : throw new ScoringSetupException(ConfigurationFault.Lines(path, faults));
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="folder">Where paths in it begin.</param>
    /// <param name="faults">Takes the faults; where there is one, what is returned is used for nothing.</param>
    internal static ScoringConfiguration? Read(string yaml, string folder, List<ConfigurationFault> faults)
    {
        if (YamlFields.Parse(yaml, faults) is not { } fields)
            return null;
        var site = fields.Word("site", Name.IsName, $"a site's name: {Name.Rule}");
        var serving = Path.GetFullPath(Filled("serving"), folder);
        var listen = fields.Has("listen") ? fields.Word("listen", text => EndPoint(text) is not null, "an address and a port, such as 127.0.0.1:8630 or [::1]:8630") : DefaultListen;
        var zone = fields.Word("time-zone", id => TimeZoneInfo.TryFindSystemTimeZoneById(id, out _), "a time zone such as Europe/Berlin or UTC");
        var configuration = new ScoringConfiguration(
            SiteId.TryParse(site, out var name) ? name : default, serving, EndPoint(listen) ?? new IPEndPoint(IPAddress.Loopback, 0),
            TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? found : TimeZoneInfo.Utc)
        {
            Certificate = OptionalPath("certificate"),
            CertificatePasswordFile = OptionalPath("certificate-password-file"),
            Mapping = OptionalPath("mapping"),
            KeepPredictionsDays = Whole("keep-predictions-days", 1, 36_500, DefaultKeepDays),
            Rows = Whole("rows", 1, 10_000, 1000),
            RequestsPerMinute = Whole("requests-per-minute", 1, 10_000_000, 24_000),
            Burst = Whole("burst", 1, 1_000_000, 1000),
            Guard = fields.Has("guard") && fields.Map("guard") is { } guard ? GuardBounds.Read(guard) : GuardBounds.Default,
        };
        if (!IPAddress.IsLoopback(configuration.Listen.Address) && configuration.Certificate is null)
            fields.Refuse("listen", "is not an address of this machine itself, and there is no 'certificate': answers about patients would cross the network in the open. Name a PFX file, or listen on 127.0.0.1");
        if (configuration.CertificatePasswordFile is not null && configuration.Certificate is null)
            fields.Refuse("certificate-password-file", "has no certificate beside it");
        fields.End("site", "serving", "listen", "certificate", "certificate-password-file", "time-zone", "mapping", "keep-predictions-days", "rows", "requests-per-minute", "burst", "guard");
        return configuration;

        string Filled(string key) => fields.Word(key, word => word.Length > 0, "a path") is { Length: > 0 } path ? path : ".";

        string? OptionalPath(string key) => fields.Has(key) ? Path.GetFullPath(Filled(key), folder) : null;

        int Whole(string key, int least, int most, int otherwise) => fields.Has(key) ? (int)fields.Integer(key, least, most) : otherwise;
    }

    private static IPEndPoint? EndPoint(string text) => text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out var endpoint) && text.EndsWith($":{endpoint.Port.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal) ? endpoint : null;

    /// <summary>A text between single quotes, as YAML wants it.</summary>
    internal static string Quoted(string path) => $"'{path.Replace("'", "''", StringComparison.Ordinal)}'";
}
