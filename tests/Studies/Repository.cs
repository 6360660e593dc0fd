using System.Runtime.CompilerServices;

namespace FederatedClinicalMl.Tests.Studies;

/// <summary>Files of the repository, found from where this file was compiled.</summary>
internal static class Repository
{
    public static string PathTo(string relative) => Path.Combine(s_root, relative);

    private static readonly string s_root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));

    public static string Read(string relative) => File.ReadAllText(PathTo(relative));

    private static string Here([CallerFilePath] string file = "") => file;
}
