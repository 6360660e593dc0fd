using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Import;

/// <summary>How the way to the database is protected.</summary>
public enum DatabaseTls
{
    /// <summary>Certificate and host name are checked.</summary>
    VerifyFull,

    /// <summary>The certificate is checked.</summary>
    VerifyCa,

    /// <summary>Not at all.</summary>
    Disable,
}

/// <summary><c>site-import.yaml</c>: docs/reference/site-import.md.</summary>
/// <param name="Host">The database's host.</param>
/// <param name="Port">Its TCP port.</param>
/// <param name="Database">Name of the database.</param>
/// <param name="User">The account in it.</param>
/// <param name="PasswordFile">Full path of the file with the password; null: PGPASSFILE, or none is needed.</param>
/// <param name="Tls">How the way is protected.</param>
/// <param name="TlsAuthority">Full path of a PEM file with the authorities that are trusted; null: the system's.</param>
/// <param name="Schema">The schema with the model's tables.</param>
/// <param name="Tables">Tables of events that are copied; null: all.</param>
/// <param name="Out">Full path of the hand-over folder.</param>
/// <param name="Version">Version of the model; null: what <c>cdm_source</c> says.</param>
/// <param name="Since">First day of which events are copied; null: all.</param>
public sealed record ImportConfiguration(
    string Host, int Port, string Database, string User, string? PasswordFile, DatabaseTls Tls, string? TlsAuthority, string Schema, ImmutableArray<string>? Tables, string Out,
    OmopVersion? Version, DateOnly? Since)
{
    private static readonly string[] s_keys = ["host", "port", "database", "user", "password-file", "tls", "tls-ca", "schema", "tables", "out", "cdm-version", "since"];
    private static readonly string[] s_tls = ["verify-full", "verify-ca", "disable"];

    /// <summary>Reads a file.</summary>
    /// <exception cref="ImportException">It has faults: all are named.</exception>
    public static ImportConfiguration ReadFile(string path)
    {
        var faults = new List<ConfigurationFault>();
        var configuration = Read(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!, faults);
        return faults.Count == 0 ? configuration! : throw new ImportException(CommandLine.NotSetUp, string.Join(Environment.NewLine, faults.Select(fault => $"{path}:{fault}")));
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="folder">Where paths in it begin.</param>
    /// <param name="faults">Takes the faults; where there is one, what is returned is used for nothing.</param>
    internal static ImportConfiguration? Read(string yaml, string folder, List<ConfigurationFault> faults)
    {
        if (YamlFields.Parse(yaml, faults) is not { } fields)
            return null;
        var known = OmopTableLayout.Of(OmopVersion.V54).Where(table => !table.IsNeeded && table.Name != "cdm_source").Select(table => table.Name).ToArray();
        var configuration = new ImportConfiguration(
            Filled("host"),
            fields.Has("port") ? (int)fields.Integer("port", 1, ushort.MaxValue) : 5432,
            Filled("database"), Filled("user"), OptionalPath("password-file"),
            !fields.Has("tls") ? DatabaseTls.VerifyFull : (DatabaseTls)Math.Max(0, Array.IndexOf(s_tls, fields.Word("tls", s_tls.Contains, "verify-full, verify-ca or disable"))),
            OptionalPath("tls-ca"),
            Filled("schema"),
            fields.Has("tables") ? fields.Words("tables", known.Contains, $"some of {string.Join(", ", known)}") : null,
            Path.GetFullPath(Filled("out"), folder),
            !fields.Has("cdm-version") ? null : fields.Word("cdm-version", word => word is "5.3" or "5.4", "\"5.3\" or \"5.4\"") == "5.4" ? OmopVersion.V54 : OmopVersion.V53,
            fields.Has("since") && DateOnly.TryParseExact(fields.Word("since", IsDay, "a day such as 2020-01-31"), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null);
        fields.End(s_keys);
        return configuration;

        static bool IsDay(string word) => DateOnly.TryParseExact(word, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

        string Filled(string key) => fields.Word(key, word => word.Length > 0, "a text that is not empty");

        string? OptionalPath(string key) => fields.Has(key) ? Path.GetFullPath(Filled(key), folder) : null;
    }

    /// <summary>The password; null: whatever PGPASSFILE says.</summary>
    /// <exception cref="ImportException">The file is not there, is empty, or can be read by other accounts.</exception>
    internal string? Password()
    {
        const UnixFileMode Others = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        if (PasswordFile is null)
            return null;
        if (!File.Exists(PasswordFile))
            throw new ImportException(CommandLine.NotSetUp, $"The password's file '{PasswordFile}' is not there. Write the password into it, in one line, and run: chmod 600 {PasswordFile}");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(PasswordFile) & Others) != 0)
            throw new ImportException(CommandLine.NotSetUp, $"'{PasswordFile}' can be read by other accounts. Run: chmod 600 {PasswordFile}");
        var password = File.ReadAllText(PasswordFile, Encoding.UTF8).TrimEnd('\r', '\n');
        return password.Length > 0 ? password : throw new ImportException(CommandLine.NotSetUp, $"'{PasswordFile}' is empty: the password stands in it, in one line.");
    }
}
