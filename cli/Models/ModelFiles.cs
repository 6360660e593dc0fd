using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Models;

/// <summary>Fetches the files of registry entries, and holds entries against themselves.</summary>
internal static class ModelFiles
{
    /// <summary>One file, whole.</summary>
    public static async Task<byte[]> FetchAsync(Connection connection, string model, string file, CancellationToken cancel)
    {
        var content = new MemoryStream();
        await FetchToAsync(connection, model, file, content, cancel);
        return content.ToArray();
    }

    /// <summary>One file, held against the digest that the entry names.</summary>
    public static async Task<byte[]> FetchVerifiedAsync(Connection connection, ModelSummary model, Protos.Federation.ModelFile file, CancellationToken cancel)
    {
        var content = await FetchAsync(connection, model.Digest, file.Name, cancel);
        var digest = Sha256Digest.Of(content);
        return digest.ToString() == file.Digest
            ? content
            : throw new CliException(ExitCode.NotVerified, $"{file.Name} of model {model.Digest[..12]} has the digest {digest}; its entry says {file.Digest}. Do not use it, and tell the coordinator's admin.");
    }

    /// <summary>Every file of an entry, the manifest too, into a folder; nothing is held against anything yet.</summary>
    public static async Task FetchEntryAsync(Connection connection, ModelSummary model, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(folder);
        foreach (var name in model.Files.Select(file => file.Name).Append(ModelFileNames.Manifest))
        {
            if (Path.GetFileName(name) != name)
                throw new CliException(ExitCode.NotVerified, $"The entry names a file '{name}' that is no plain file name; nothing was written for it. Tell the coordinator's admin.");
            await using var file = File.Create(Path.Combine(folder, name));
            await FetchToAsync(connection, model.Digest, name, file, cancel);
        }
    }

    /// <summary>The sums and parameters that a checked entry's round records name, into a folder; not held against their names yet.</summary>
    public static async Task FetchResultsAsync(Connection connection, ModelCheck check, string folder, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.Combine(folder, RoundResults.Folder));
        foreach (var name in RoundResults.Of(check.Study!, check.Rounds).Select(RoundResults.NameOf))
        {
            await using var file = File.Create(Path.Combine(folder, name));
            await FetchToAsync(connection, check.Model!.Value.ToString(), name, file, cancel);
        }
    }

    /// <summary>Checks an entry that was fetched from the coordinator: with its key, and that it is the one that was asked for.</summary>
    public static ModelCheck Check(string folder, Registered model)
    {
        var check = ModelCheck.Of(new FileDisk(folder), "", model.Key);
        return check.Model is { } found && found.ToString() != model.Summary.Digest
            ? check with { Differences = [$"{ModelFileNames.Manifest} is not the one that the registry lists: its digest is {found}, the model's {model.Summary.Digest}.", .. check.Differences] }
            : check;
    }

    /// <summary>Checks an exported folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="fingerprint">SHA-256 of the key that must have signed it; null: the one that it names.</param>
    public static ModelCheck Check(DirectoryInfo folder, string? fingerprint)
    {
        if (!folder.Exists)
            throw new CliException(ExitCode.Usage, $"The folder '{folder.FullName}' is not there; name one that 'fcml models export' wrote.");
        Sha256Digest wanted = default;
        if (fingerprint is not null && !Sha256Digest.TryParse(fingerprint, out wanted))
            throw new CliException(ExitCode.Usage, $"'{fingerprint}' is no key's fingerprint: 64 hexadecimal digits are needed, as 'fcml models verify MODEL' prints them.");
        var check = ModelCheck.Of(new FileDisk(folder.FullName), "", coordinator: null);
        return fingerprint is not null && check.Key is { } key && key.Fingerprint != wanted
            ? check with { Differences = [$"{ModelFileNames.Manifest} is signed with the key {key.Fingerprint}, not with {wanted}.", .. check.Differences] }
            : check;
    }

    /// <summary>Prints every difference, and ends with the first.</summary>
    public static void Insist(ModelCheck check, string what, Terminal terminal)
    {
        if (check.Differences is not [var first, ..])
            return;
        foreach (var difference in check.Differences)
        {
            terminal.Say($"[red]{Spectre.Console.Markup.Escape(difference)}[/]");
            terminal.Emit("difference", new { difference });
        }

        throw new CliException(ExitCode.NotVerified, $"{what} is not what was registered ({check.Differences.Count} {(check.Differences.Count == 1 ? "difference" : "differences")}): {first} Do not use it, and tell the coordinator's admin.");
    }

    private static async Task FetchToAsync(Connection connection, string model, string file, Stream content, CancellationToken cancel)
    {
        var chunks = connection.ReadAsync(admin => admin.FetchModelFile(new FetchModelFileRequest { Model = model, File = file }, cancellationToken: cancel), cancel);
        await foreach (var chunk in chunks)
            await content.WriteAsync(chunk.Bytes.Memory, cancel);
    }
}

/// <summary>An entry as the coordinator lists it, and the key that it signs entries with.</summary>
internal sealed record Registered(ModelSummary Summary, VerifyingKey Key);
