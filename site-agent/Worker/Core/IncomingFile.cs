using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A file of an encrypted round in the incoming directory, which another account writes: read whole, held against its digest, and looked at by whoever uses it.</summary>
internal static class IncomingFile
{
    /// <summary>Its bytes.</summary>
    /// <param name="exchange">The exchange directory.</param>
    /// <param name="digest">SHA-256 of the bytes, and the file's name.</param>
    /// <param name="longest">Most bytes that are read.</param>
    /// <exception cref="StepDeclinedException">The file is missing, is longer, or has another digest.</exception>
    public static byte[] Read(IDisk exchange, Sha256Digest digest, long longest)
    {
        var path = $"{ExchangePaths.Incoming}/{digest}";
        if (!exchange.Exists(path))
            throw Wrong("is not in the incoming directory");
        using var file = exchange.Open(path, DiskMode.Read);
        if (file.Length > longest)
            throw Wrong($"has {file.Length} bytes; this step is given at most {longest}");
        var bytes = new byte[file.Length];
        return file.Read(0, bytes) == bytes.Length && Sha256Digest.Of(bytes) == digest ? bytes : throw Wrong("has another digest than its name says");

        StepDeclinedException Wrong(string how) => new(Reason.ParametersWrong, $"The file {digest.Short} of this step cannot be used: it {how}.");
    }
}
