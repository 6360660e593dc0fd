using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>Where what a run's rounds came to is read from: an exported folder, or the coordinator.</summary>
internal static class RoundSource
{
    /// <summary>The folder that <c>fcml models export --rounds</c> wrote.</summary>
    public static Func<Sha256Digest, CancellationToken, Task<byte[]>> Of(string folder) => async (digest, cancel) =>
    {
        var path = Path.Combine(folder, RoundResults.Folder, digest.ToString());
        return File.Exists(path)
            ? Held(await File.ReadAllBytesAsync(path, cancel), digest)
            : throw new CliException(ExitCode.Usage, $"'{path}' is missing: what the run's rounds came to is needed. Export the model with 'fcml models export MODEL --out FOLDER --rounds', or name it instead of --folder.");
    };

    /// <summary>The coordinator.</summary>
    public static Func<Sha256Digest, CancellationToken, Task<byte[]>> Of(Connection connection, string model) => async (digest, cancel) =>
        Held(await ModelFiles.FetchAsync(connection, model, RoundResults.NameOf(digest), cancel), digest);

    private static byte[] Held(byte[] content, Sha256Digest digest) => Sha256Digest.Of(content) is var found && found == digest
        ? content
        : throw new CliException(ExitCode.NotVerified, $"{RoundResults.NameOf(digest)} has the digest {found}: it was changed. Tell the coordinator's admin, who restores it from a backup.");
}
