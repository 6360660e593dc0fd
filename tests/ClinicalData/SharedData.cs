using System.Runtime.CompilerServices;

namespace FederatedClinicalMl.Tests.ClinicalData;

/// <summary>Files beside these tests, and the shared test data, found from where this file was compiled.</summary>
internal static class SharedData
{
    /// <summary>A folder or file below this one.</summary>
    public static string Fixture(string relative) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, relative));

    /// <summary>A folder of the shared test data. Where it is absent the test is skipped, except in CI, where that is a failure.</summary>
    public static string Folder(string name)
    {
        var folder = Environment.GetEnvironmentVariable("FCML_DATA") is { Length: > 0 } given ? given : Fixture("../../../shared/data");
        var path = Path.GetFullPath(Path.Combine(folder, name));
        if (!Directory.Exists(path))
        {
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            Assert.Skip($"'{path}' is not there: set FCML_DATA to the folder with the test data.");
        }

        return path;
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
