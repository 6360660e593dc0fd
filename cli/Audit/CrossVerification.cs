using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Audit;

/// <summary><c>fcml audit verify --with-sites</c>: reads the workers' lists, the coordinator's journal, and the signed round records of both the journal and the registry's entries, and compares them.</summary>
/// <param name="connection">To the coordinator, of somebody who may read runs and members.</param>
/// <param name="terminal">Where to print.</param>
internal sealed class CrossVerification(Connection connection, Terminal terminal)
{
    /// <summary>Compares, prints, and ends with the first difference, if there is one.</summary>
    /// <exception cref="CliException">A list is none, is not its worker's, or differs from the journal or a signed record.</exception>
    public async Task RunAsync(DirectoryInfo folder, CancellationToken cancel)
    {
        var models = await connection.AskAsync(admin => admin.ListModelsAsync(new ListModelsRequest(), cancellationToken: cancel), cancel);
        var check = new ReleaseCrossCheck(await ReadAsync(folder, cancel), new VerifyingKey(models.SigningKey.ToByteArray()));
        var open = 0;
        var runs = await connection.AskAsync(admin => admin.ListRunsAsync(new ListRunsRequest(), cancellationToken: cancel), cancel);
        foreach (var run in runs.Runs)
        {
            if (Enum.TryParse<RunStatus>(run.Status, ignoreCase: true, out var status) && status.IsEnd())
            {
                check.Hear(RunId.Parse(run.Run), await EventsOf(run.Run, cancel));
            }
            else
            {
                check.IsOpen(RunId.Parse(run.Run));
                open++;
            }
        }

        foreach (var model in models.Models)
            await HearAsync(check, model, cancel);
        foreach (var damaged in models.Damaged)
            terminal.Say($"[yellow]The records of the model {damaged.Digest.EscapeMarkup()} were not read: {damaged.What.EscapeMarkup()}[/]");

        var sites = check.Compare().ToList();
        var table = new Table().AddColumns("site", "in its list", "in the journal", "in signed records", "not taken", "differences");
        foreach (var site in sites)
        {
            table.AddRow(site.Site.Value.EscapeMarkup(), site.Listed is { } listed ? $"{listed}" : "[yellow]no list[/]", $"{site.Journaled}", $"{site.Counted}", $"{site.NotTaken}", $"{site.Differences.Length}");
            terminal.Emit("site", new { site = site.Site.Value, site.Listed, site.Journaled, site.Counted, site.NotTaken, site.Differences });
        }

        terminal.Show(table);
        if (open > 0)
            terminal.Say($"{open} runs are not over: nothing of them was compared.");
        foreach (var fault in check.Faults)
            terminal.Emit("record", new { difference = fault });
        var differences = sites.SelectMany(site => site.Differences).Concat(check.Faults).ToList();
        foreach (var difference in differences)
            terminal.Say($"[red]{difference.EscapeMarkup()}[/]");
        if (differences is [var first, ..])
            throw new CliException(ExitCode.NotVerified, $"The sites' lists, the coordinator's journal and its signed round records differ ({differences.Count}): {first}");
        terminal.Say(sites.Exists(site => site.Listed is null)
            ? "[yellow]No difference; the sites without a list were compared with nothing.[/]"
            : "[green]No difference[/]: what the sites' workers say that they released and that counts is what the coordinator has taken, and what its signed round records count.");
    }

    private async Task<Dictionary<SiteId, ReleaseList>> ReadAsync(DirectoryInfo folder, CancellationToken cancel)
    {
        if (!folder.Exists)
            throw new CliException(ExitCode.Usage, $"The folder '{folder.FullName}' is not there; name one that holds the lists of the sites' workers.");
        var members = await connection.AskAsync(admin => admin.ListMembersAsync(new ListMembersRequest(), cancellationToken: cancel), cancel);
        var keys = members.Members.Where(member => member.Subject.Kind == Subject.Types.Kind.Site).ToDictionary(member => member.Subject.Name, member => member.WorkerFingerprint);
        var lists = new Dictionary<SiteId, ReleaseList>();
        foreach (var file in folder.EnumerateFiles("*.json").OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            var list = Read(file);
            if (keys.GetValueOrDefault(list.Site.Value) != list.Key.Fingerprint.ToString())
                throw new CliException(ExitCode.NotVerified, $"'{file.FullName}' is signed by the key {list.Key.Fingerprint}; the worker of {list.Site} is enrolled with {keys.GetValueOrDefault(list.Site.Value) ?? "none"}. Ask its steward for the list again.");
            if (!lists.TryAdd(list.Site, list))
                throw new CliException(ExitCode.NotVerified, $"'{file.FullName}' is a second list of {list.Site}. Leave the newer of the two in the folder.");
        }

        return lists;
    }

    // Beside those of the journal: an entry is immutable, and its records stay where a journal was edited.
    private async Task HearAsync(ReleaseCrossCheck check, ModelSummary model, CancellationToken cancel)
    {
        var file = model.Files.SingleOrDefault(file => file.Name == ModelFileNames.Rounds) ?? throw new CliException(ExitCode.NotVerified, $"The model {model.Digest} names no {ModelFileNames.Rounds}.");
        try
        {
            var records = CanonicalJson.Read(await ModelFiles.FetchVerifiedAsync(connection, model, file, cancel)) as JsonArray ?? throw new FormatException("it is no list.");
            foreach (var (index, node) in records.Index())
            {
                var fields = new JsonFields(node, ModelFileNames.Rounds);
                check.Hear($"Record {index + 1} in {ModelFileNames.Rounds} of the model {model.Digest}", CanonicalJson.Write(fields.Node("record")), fields.Text("signature", 88));
            }
        }
        catch (FormatException fault)
        {
            throw new CliException(ExitCode.NotVerified, $"{ModelFileNames.Rounds} of the model {model.Digest} cannot be read: {fault.Message} 'fcml models verify {model.Digest}' says what was changed.", fault);
        }
    }

    private static ReleaseList Read(FileInfo file)
    {
        if (file.Length > ReleaseList.MaximumLength)
            throw new CliException(ExitCode.NotVerified, $"'{file.FullName}' has {file.Length} bytes; a list has at most {ReleaseList.MaximumLength}.");
        try
        {
            return ReleaseList.Read(File.ReadAllBytes(file.FullName));
        }
        catch (FormatException fault)
        {
            throw new CliException(ExitCode.NotVerified, $"'{file.FullName}' is no list of a worker: {fault.Message} Ask the site's steward for the file again, or take it out of the folder.", fault);
        }
    }

    private async Task<List<Coordinator.Rounds.RunEvent>> EventsOf(string run, CancellationToken cancel)
    {
        var events = new List<Coordinator.Rounds.RunEvent>();
        await foreach (var happened in connection.ReadAsync(admin => admin.WatchRun(new WatchRunRequest { Run = run }, cancellationToken: cancel), cancel))
            events.Add(RunEventCodec.ReadEvent(System.Text.Encoding.UTF8.GetBytes(happened.Json)));
        return events;
    }
}
