using System.Runtime.CompilerServices;

namespace FederatedClinicalMl.Tests.Worker;

/// <summary>Files of the repository and the shared test data, found from where this file was compiled.</summary>
internal static class Repository
{
    private static readonly string s_root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));

    public static string Read(string relative) => File.ReadAllText(PathTo(relative));

    public static string PathTo(string relative) => Path.Combine(s_root, relative);

    /// <summary>A file of the shared test data. Where it is absent the test is skipped, except in CI, where that is a failure.</summary>
    public static string Data(string relative)
    {
        var folder = Environment.GetEnvironmentVariable("FCML_DATA") is { Length: > 0 } given ? given : Path.Combine(s_root, "../shared/data");
        var path = Path.GetFullPath(Path.Combine(folder, relative));
        if (!File.Exists(path))
        {
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            Assert.Skip($"'{path}' is not there: set FCML_DATA to the folder with the test data.");
        }

        return path;
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
