using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Audit;

/// <summary><c>fcml audit ...</c>: the coordinator's chained, signed log.</summary>
internal static class AuditCommand
{
    private const string PublicKeyLabel = "PUBLIC KEY";

    public static Command Create(TimeProvider time) => new Verb("audit", "The coordinator's chained, signed log of who did what.") { Export(time), Verify(time) };

    /// <summary><c>fcml audit export</c>: the log as it is, line by line, and the key that its entries are signed with: what an auditor keeps, and checks anywhere.</summary>
    private static Verb Export(TimeProvider time)
    {
        var to = new Option<FileInfo>("--out") { Description = "The file to write; beside it FILE.key, the coordinator's public key. Neither may be there.", Required = true };
        return new Verb("export", "Write the coordinator's audit log, and the public key that it is signed with, to files that 'audit verify --log' checks anywhere.", "fcml audit export --out audit-2026.ndjson") { to }.Does(async (parsed, terminal, cancel) =>
        {
            var (file, keyFile) = (parsed.GetRequiredValue(to), new FileInfo(parsed.GetRequiredValue(to).FullName + ".key"));
            foreach (var there in new[] { file, keyFile }.Where(one => one.Exists))
                throw new CliException(ExitCode.Usage, $"'{there.FullName}' is there already. Name another file: what was kept is not written over.");
            using var connection = Connection.Open(parsed, time);
            var models = await connection.AskAsync(admin => admin.ListModelsAsync(new ListModelsRequest(), cancellationToken: cancel), cancel);
            var key = new VerifyingKey(models.SigningKey.ToByteArray());
            var partial = new FileInfo(file.FullName + ".partial"); // what breaks off is no log
            await using (var log = partial.Open(FileMode.Create, FileAccess.Write))
            {
                await foreach (var line in connection.ReadAsync(admin => admin.ReadAudit(new ReadAuditRequest(), cancellationToken: cancel), cancel))
                    await log.WriteAsync(Encoding.UTF8.GetBytes(line.Json + "\n"), cancel);
            }

            File.Move(partial.FullName, file.FullName);
            await File.WriteAllTextAsync(keyFile.FullName, PemEncoding.WriteString(PublicKeyLabel, key.SubjectPublicKeyInfo.Span) + "\n", cancel);
            Check(file.FullName, key, terminal);
            terminal.Say($"Its entries are signed with the key {key.Fingerprint}, in {keyFile.FullName.EscapeMarkup()}. Whoever keeps them compares it with the coordinator's admin.");
            return ExitCode.Success;
        });
    }

    /// <summary>
    /// <c>fcml audit verify</c>: reads the file itself, so that it works with the coordinator stopped and does not take its word. A last line that
    /// is not whole counts as a difference. Of an export it takes the key beside it. With lists of the sites' workers it asks the coordinator what it has taken.
    /// </summary>
    private static Verb Verify(TimeProvider time)
    {
        var data = new Option<DirectoryInfo?>("--data") { Description = "The coordinator's data folder; the coordinator may run or not." };
        var log = new Option<FileInfo?>("--log") { Description = "An exported log ('fcml audit export') instead of a coordinator's folder." };
        var key = new Option<FileInfo?>("--key") { Description = "The coordinator's public key (PEM) for --log; the file of the same name with .key where it is not given." };
        var sites = new Option<DirectoryInfo?>("--with-sites") { Description = "A folder with the lists (*.json) that the sites' workers wrote ('site-worker audit releases'): what one side has and the other lacks. The coordinator is asked, with your identity." };
        var verb = new Verb(
            "verify", "Check every line, link and signature of the coordinator's audit log, and hold its journal against the sites' lists of what they released.",
            "fcml audit verify --data /var/lib/fcml/coordinator", "fcml audit verify --log audit-2026.ndjson", "fcml audit verify --with-sites lists/")
        {
            data, log, key, sites,
        };
        verb.Validators.Add(result =>
        {
            if (result.GetValue(data) is null && result.GetValue(log) is null && result.GetValue(sites) is null)
                result.AddError("Name the coordinator's folder with --data, an exported log with --log, a folder with the sites' lists with --with-sites, or several.");
            if (result.GetValue(key) is not null && result.GetValue(log) is null)
                result.AddError("--key is of an exported log: name that with --log.");
        });
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            if (parsed.GetValue(data) is { } folder)
                Verify(folder.FullName, terminal);
            if (parsed.GetValue(log) is { } exported)
            {
                var signedWith = ReadKey(parsed.GetValue(key) ?? new FileInfo(exported.FullName + ".key"));
                Check(exported.FullName, signedWith, terminal);
                terminal.Say($"Its entries are signed with the key {signedWith.Fingerprint}: compare it with the coordinator's admin.");
            }

            if (parsed.GetValue(sites) is { } lists)
            {
                using var connection = Connection.Open(parsed, time);
                await new CrossVerification(connection, terminal).RunAsync(lists, cancel);
            }

            return ExitCode.Success;
        });
    }

    private static void Verify(string folder, Terminal terminal)
    {
        try
        {
            var (file, key) = (Path.Combine(folder, AuditTrail.File), DataFolder.ReadPublicKey(folder));
            if (!File.Exists(file))
                throw new CliException(ExitCode.NotVerified, $"'{file}' is missing: either no coordinator has run on this folder yet, or the log was removed.");
            Check(file, key, terminal);
        }
        catch (DataFolderException none)
        {
            throw new CliException(ExitCode.Usage, none.Message, none);
        }
    }

    private static VerifyingKey ReadKey(FileInfo file)
    {
        if (!file.Exists)
            throw new CliException(ExitCode.Usage, $"'{file.FullName}' is not there: the coordinator's public key, which 'fcml audit export' writes beside the log. Name it with --key.");
        var text = File.ReadAllText(file.FullName);
        return PemEncoding.TryFind(text, out var fields) && text[fields.Label] == PublicKeyLabel ? new VerifyingKey(Convert.FromBase64String(text[fields.Base64Data]))
            : throw new CliException(ExitCode.InvalidInput, $"'{file.FullName}' is no public key in PEM.");
    }

    private static void Check(string file, VerifyingKey key, Terminal terminal)
    {
        if (!File.Exists(file))
            throw new CliException(ExitCode.Usage, $"'{file}' is not there.");
        var found = ChainedLog.Verify(new FileDisk(Path.GetDirectoryName(file)!), Path.GetFileName(file), key);
        terminal.Emit("audit", new
        {
            intact = found.IsWhole, found.Entries, head = found.Intact ? found.Head.ToString() : null, found.TornBytes,
            line = found.Fault?.Sequence ?? (found.TornBytes > 0 ? found.Entries + 1 : null), how = found.Fault?.How,
        });
        if (found.Fault is not null)
            throw new CliException(ExitCode.NotVerified, $"{file}: {found.Describe()} Keep the file as it is, and restore the log from a backup that verifies.");
        if (found.TornBytes > 0)
            throw new CliException(ExitCode.NotVerified, $"{file}: {found.Describe()} If the coordinator runs, verify again; when it starts it cuts a torn line off.");

        terminal.Say($"{file.EscapeMarkup()}: {found.Describe().EscapeMarkup()}");
    }
}
