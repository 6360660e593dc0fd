using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary><c>fcml demo</c>: a coordinator and four hospitals, nine processes over mutual TLS, from nothing to a registered model.</summary>
internal static class DemoCommand
{
    private const string Protocol = "heart-disease.yaml"; // embedded: docs/how-to/examples/heart-disease.yaml

    public static Command Create(TimeProvider time)
    {
        var data = new Option<DirectoryInfo?>("--data") { Description = "Folder with the four files 'processed.HOSPITAL.data' of the UCI heart disease data. Default: found beside the repository, else rows are generated." };
        var folder = new Option<DirectoryInfo?>("--folder") { Description = "Folder to make everything in; must be new or empty. Default: a new one below ~/.fcml/demo." };
        var keep = new Option<bool>("--keep") { Description = "Leave the federation running until Ctrl+C." };
        return new Verb(
            "demo",
            "Start a coordinator and four hospitals on this machine, train a model together, register it, and show what it was good for.",
            "fcml demo", "fcml demo --data ~/uci-heart --keep")
        {
            data, folder, keep,
        }.Does((parsed, terminal, cancel) => RunAsync(
            parsed.GetValue(data)?.FullName, parsed.GetValue(folder)?.FullName ?? NewFolder(time), parsed.GetValue(keep), terminal, time, cancel));
    }

    private static async Task<ExitCode> RunAsync(string? named, string folder, bool keep, Terminal terminal, TimeProvider time, CancellationToken cancel)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new CliException(ExitCode.Usage, $"{folder} is not empty; name another folder with --folder.");
        var started = time.GetTimestamp();
        await using var federation = new LocalFederation(folder, time);
        var data = DemoData.Prepare(named, Path.Combine(folder, "hospitals"));
        var yaml = ReadProtocol();
        var protocol = new FileInfo(Path.Combine(folder, Protocol));
        await File.WriteAllTextAsync(protocol.FullName, yaml, cancel);
        var study = StudyFile.Read(protocol);
        terminal.Say($"Data: {data.Source.EscapeMarkup()}");

        await federation.StartAsync(data.Sites(), cancel);
        Step($"coordinator at {federation.Address}, {federation.Sites.Count} hospitals enrolled and connected (mutual TLS, one worker and one gateway each)");
        if (!OperatingSystem.IsWindows())
            terminal.Say("[yellow]account separation off[/]: here all processes share your account; in a hospital worker and gateway have one each");
        var digest = await federation.ApproveEverywhereAsync(yaml, study, cancel);
        Step($"study {study.Name} submitted, and approved by each hospital's steward: {digest[..12]}");

        var run = await federation.StartRunAsync(digest, cancel);
        var view = await federation.WhileAllRunAsync(stop => WatchVerb.FollowAsync(federation.Admin, run, terminal, stop), cancel);
        if (view.State.Status != RunStatus.Registered)
            throw new CliException(ExitCode.RunWithoutModel, $"The run ended without a model: {view.State.Failure ?? "it was cancelled"}. Logs: {federation.Logs}.");
        var model = await ModelsCommand.ResolveAsync(federation.Admin, run, cancel);
        Step($"model [bold]{model.Digest}[/] registered");

        DemoComparison.Show(study, data, await FileAsync("parameters.bin"), await FileAsync("constants.json"), terminal, cancel);
        var audits = await Task.WhenAll(federation.Sites.Select(async site => (site, said: await site.VerifyAuditAsync(cancel))));
        ShowPlaces(federation, audits, model.Digest, terminal);
        if (keep)
            await KeepAsync(federation, terminal, time, cancel);
        await federation.StopAsync();
        return ExitCode.Success;

        void Step(string markup)
        {
            var elapsed = time.GetElapsedTime(started);
            terminal.Say(string.Create(CultureInfo.InvariantCulture, $"[grey]{elapsed.TotalSeconds,5:0.0} s[/]  {markup}"));
            terminal.Emit("step", new { seconds = Math.Round(elapsed.TotalSeconds, 3), sentence = Markup.Remove(markup) });
        }

        async Task<byte[]> FileAsync(string name) =>
            await ModelFiles.FetchVerifiedAsync(federation.Admin, model, model.Files.Single(file => file.Name == name), cancel);
    }

    private static void ShowPlaces(LocalFederation federation, (LocalSite Site, string Said)[] audits, string model, Terminal terminal)
    {
        var table = new Table { Title = new TableTitle("what left each hospital, signed and chained") }.AddColumns("hospital", "audit log", "site-worker audit verify");
        foreach (var (site, said) in audits)
        {
            var log = Path.Combine(site.WorkerFolder, "audit.log");
            table.AddRow(site.Name, log.EscapeMarkup(), said.EscapeMarkup());
            terminal.Emit("audit", new { site = site.Name, log, said });
        }

        terminal.Show(table);
        terminal.Say($"Logs: {federation.Logs.EscapeMarkup()}");
        terminal.Say($"Coordinator: {federation.CoordinatorFolder.EscapeMarkup()} (journal, registry, audit log)");
        terminal.Say("What to try next:");
        terminal.Say($"  fcml simulate {Path.Combine(federation.Folder, Protocol).EscapeMarkup()} --data {Path.Combine(federation.Folder, "hospitals").EscapeMarkup()}   # the same in one process: change the protocol first");
        terminal.Say($"  fcml demo --keep                # leave it running, then: fcml models export {model[..12]} --out model --identity FOLDER/admin");
        terminal.Emit("end", new { folder = federation.Folder, logs = federation.Logs, model });
    }

    private static async Task KeepAsync(LocalFederation federation, Terminal terminal, TimeProvider time, CancellationToken cancel)
    {
        terminal.Say($"It goes on running until Ctrl+C. In another terminal: [bold]fcml site list --identity {federation.AdminIdentity.EscapeMarkup()}[/]");
        try
        {
            await federation.WhileAllRunAsync(async stop =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
                return 0;
            }, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            terminal.Say("Stopping.");
        }
    }

    private static string ReadProtocol()
    {
        using var resource = typeof(DemoCommand).Assembly.GetManifestResourceStream(Protocol)!;
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd();
    }

    private static string NewFolder(TimeProvider time) =>
        Path.Combine(FcmlHome.Path, "demo", time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
}
