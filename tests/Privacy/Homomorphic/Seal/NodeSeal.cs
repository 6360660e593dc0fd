using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>
/// Microsoft SEAL as the npm registry has it, for tests only: node-seal (MIT), fetched once into artifacts/, held against its known digest, never committed.
/// </summary>
internal static class NodeSeal
{
    private const string Version = "6.0.3";
    private const string Integrity = "Ss7PuzCaBMJ3zSHTGreZk9gGLQ7l55Q4LnpTO5J2eEqTGdqYiQf3RnqPGHzzsbVEdaXzuYcTW+W4/7S5ifIlXQ=="; // SHA-512, as the registry publishes it

    private static readonly Lock s_once = new(); // two tests must not unpack into one folder

    /// <summary>Runs seal.mjs with SEAL, or skips the test where Node or the package cannot be had (with CI=true a skipped test counts as failed).</summary>
    public static void Run(string verb, string folder, int degree, int bits, ulong plaintextModulus)
    {
        string module;
        lock (s_once)
            module = Module();
        var (code, output) = Start("node", Path.Combine(Here(), "seal.mjs"), module, $"{degree}", $"{bits}", $"{plaintextModulus}", verb, folder);
        Assert.True(code == 0, output);
    }

    private static string Module()
    {
        var home = Path.GetFullPath(Path.Combine(Here(), "../../../../artifacts/node-seal", Version));
        var module = Path.Combine(home, "package");
        if (Directory.Exists(module))
            return module;
        if (!OnPath("node") || !OnPath("npm") || !OnPath("tar"))
            Assert.Skip("node, npm or tar is not on the PATH: install Node.js 20 with npm to hold our bytes against Microsoft SEAL's.");

        var staging = Directory.CreateDirectory(home + ".partial").FullName;
        var archive = Path.Combine(staging, $"node-seal-{Version}.tgz");
        var (code, output) = Start("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", staging, $"node-seal@{Version}");
        if (code != 0)
            Assert.Skip($"npm could not fetch node-seal {Version}: {output}");
        Assert.Equal(Integrity, Convert.ToBase64String(SHA512.HashData(File.ReadAllBytes(archive))));
        (code, output) = Start("tar", "-xzf", archive, "-C", staging);
        Assert.True(code == 0, output);
        Directory.Move(staging, home);
        return module;
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static (int Code, string Output) Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
