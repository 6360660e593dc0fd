using System.Runtime.CompilerServices;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Tests.ClinicalData;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Import;

/// <summary>A configuration and a hand-over folder, and what <c>site-import</c> does with them.</summary>
internal sealed class ImportRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string> _keys;

    public ImportRun(PostgresServer server, string schema)
    {
        Private(File.CreateText(_folder.Of("password")), PostgresServer.Password);
        _keys = new()
        {
            ["host"] = "localhost",
            ["port"] = $"{server.Port}",
            ["database"] = "postgres",
            ["user"] = "steward",
            ["password-file"] = "password",
            ["tls-ca"] = server.Certificate,
            ["schema"] = schema,
            ["out"] = "handover",
        };
        Directory.CreateDirectory(Out);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Out, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute);
    }

    public static ClinicalClock Clock { get; } = new(TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"));

    public string Out => _folder.Of("handover");

    public string PasswordFile => _folder.Of("password");

    public string Config
    {
        get
        {
            File.WriteAllLines(_folder.Of("site-import.yaml"), _keys.Select(pair => $"{pair.Key}: {pair.Value}"));
            return _folder.Of("site-import.yaml");
        }
    }

    public static string Fixture(string version, [CallerFilePath] string here = "") => Path.Join(Path.GetDirectoryName(here), "..", "ClinicalData", "Connectors", "Omop", "fixtures", version);

    /// <summary>What a folder holds.</summary>
    public static RecordingSink Events(string folder)
    {
        var sink = new RecordingSink();
        OmopSource.OpenFolder(folder, OmopOptions.None, Clock).ReadInto(sink, TestContext.Current.CancellationToken);
        return sink;
    }

    /// <summary>Sets a key; null: leaves it out.</summary>
    public ImportRun With(string key, string? value)
    {
        if (value is null)
            _keys.Remove(key);
        else
            _keys[key] = value;
        return this;
    }

    public Task<Ended> RunAsync(string verb = "run", params string[] more) => Programs.RunAsync([Programs.Import, verb, "--config", Config, .. more]);

    public void Dispose() => _folder.Dispose();

    private static void Private(StreamWriter file, string text)
    {
        using (file)
        {
            file.WriteLine(text);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(((FileStream)file.BaseStream).SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
