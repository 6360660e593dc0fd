using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Models;

/// <summary>Fetches the files of registry entries.</summary>
internal static class ModelFiles
{
    /// <summary>One file, whole.</summary>
    public static async Task<byte[]> FetchAsync(Connection connection, string model, string file, CancellationToken cancel)
    {
        var content = new MemoryStream();
        var chunks = connection.ReadAsync(admin => admin.FetchModelFile(new FetchModelFileRequest { Model = model, File = file }, cancellationToken: cancel), cancel);
        await foreach (var chunk in chunks)
            content.Write(chunk.Bytes.Span);
        return content.ToArray();
    }

    /// <summary>One file, held against the digest that the entry names.</summary>
    public static async Task<byte[]> FetchVerifiedAsync(Connection connection, ModelSummary model, ModelFile file, CancellationToken cancel)
    {
        var content = await FetchAsync(connection, model.Digest, file.Name, cancel);
        var digest = Sha256Digest.Of(content);
        return digest.ToString() == file.Digest
            ? content
            : throw new CliException(ExitCode.NotVerified, $"{file.Name} of model {model.Digest[..12]} has the digest {digest}; its entry says {file.Digest}. Do not use it, and tell the coordinator's admin.");
    }
}
