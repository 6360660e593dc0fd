using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary><c>fcml demo</c>: a coordinator and four hospitals, nine processes over mutual TLS, from hospitals' records to a registered model.</summary>
internal static class DemoCommand
{
    private const int Patients = 1000;

    public static Command Create(TimeProvider time)
    {
        var data = new Option<DirectoryInfo?>("--data")
        {
            Description = "Folder with data to run it over, of one kind: a FHIR bulk export (*.ndjson, *.ndjson.gz) or OMOP tables (person.csv, also .csv.gz), whose patients are divided among four hospitals; or the four files 'processed.HOSPITAL.data' of the UCI heart disease data. Default: hospitals are made.",
        };
        var study = new Option<FileInfo>("--study") { Description = "Study to run instead of the example for these data." }.AcceptExistingOnly();
        var aggregation = new Option<string>("--aggregation") { Description = "How the example's updates are summed: secure (under masks: the coordinator gets the sum and no hospital's own update); encrypted besides, so that every hospital (encrypted-consortium) or only all together (encrypted-threshold) can open the sum; or plain.", DefaultValueFactory = _ => "secure" }.AcceptOnlyFromAmong([.. AggregationWords.All]);
        var privacy = new Option<string>("--privacy") { Description = "Whether the example is run under differential privacy: none, or dp.", DefaultValueFactory = _ => "none" }.AcceptOnlyFromAmong("none", "dp");
        var epsilon = new Option<string>("--epsilon") { Description = "Under differential privacy: what each hospital allows to be spent of its patients' privacy, at delta 1e-6. The example's noise is chosen for one run to need just that; a study of your own has its noise.", DefaultValueFactory = _ => "3" };
        var patients = new Option<int>("--patients") { Description = "How many patients each made hospital has.", DefaultValueFactory = _ => Patients };
        var folder = new Option<DirectoryInfo?>("--folder") { Description = "Folder to make everything in; must be new or empty. Default: a new one below ~/.fcml/demo." };
        var serve = new Option<bool>("--serve") { Description = "Go on once the model is trained: two people promote it to production, the stewards allow it, and the first hospital's site-scoring answers with it." };
        var keep = new Option<bool>("--keep") { Description = "Leave the federation running until Ctrl+C." };
        var verb = new Verb(
            "demo",
            "Start a coordinator and four hospitals on this machine, import each one's records, train a model together, register it, and show what it was good for.",
            "fcml demo", "fcml demo --aggregation plain", "fcml demo --privacy dp --epsilon 3", "fcml demo --serve --keep", "fcml demo --data ~/fhir-export --keep", "fcml demo --data ~/omop --study my-study.yaml")
        {
            data, study, aggregation, privacy, epsilon, patients, folder, serve, keep,
        };
        verb.Validators.Add(result =>
        {
            if (result.GetResult(aggregation) is { Implicit: false } && result.GetResult(study) is not null)
                result.AddError("--aggregation is for the example: a study of your own says it itself, in federation.aggregation.");
            if (result.GetResult(privacy) is { Implicit: false } && result.GetResult(study) is not null)
                result.AddError("--privacy is for the example: a study of your own says it itself, in privacy.dp.");
            if (result.GetResult(epsilon) is { Implicit: false } && result.GetValue(privacy) != "dp" && result.GetResult(study) is null)
                result.AddError("--epsilon is for --privacy dp, or for a study of your own that declares it.");
            if (result.GetResult(patients) is { Implicit: false } && result.GetResult(data) is not null)
                result.AddError("--patients is for made hospitals: leave it out with --data.");
            else if (result.GetResult(patients) is { Implicit: false, Tokens: [var token] } && (!int.TryParse(token.Value, out var number) || number is < 1 or > SynthOptions.MaximumPatients))
                result.AddError($"--patients must be a whole number from 1 to {SynthOptions.MaximumPatients}.");
        });
        return verb.Does((parsed, terminal, cancel) => RunAsync(
            parsed.GetValue(data)?.FullName, parsed.GetValue(study), parsed.GetValue(aggregation)!,
            parsed.GetValue(privacy) == "dp", DemoPrivacy.Of(parsed.GetValue(epsilon)!), parsed.GetValue(patients), parsed.GetValue(folder)?.FullName ?? NewFolder(time), parsed.GetValue(serve), parsed.GetValue(keep),
            terminal, time, cancel));
    }

    private static async Task<ExitCode> RunAsync(
        string? named, FileInfo? studyFile, string aggregation, bool isPrivate, DemoPrivacy privacy, int patients, string folder, bool serve, bool keep, Terminal terminal, TimeProvider time, CancellationToken cancel)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new CliException(ExitCode.Usage, $"{folder} is not empty; name another folder with --folder.");
        var programs = Executables.Find();
        if (serve)
            DemoServing.Insist(programs);
        var started = time.GetTimestamp();
        await using var federation = new LocalFederation(folder, time, programs) { HasDashboard = keep };
        var data = DemoSource.Prepare(named, patients, Path.Combine(folder, "hospitals"), time, cancel);
        var (file, yaml, study) = DemoStudy.Read(studyFile, aggregation, isPrivate ? privacy : null, data, folder);
        Step($"data: {data.Source.EscapeMarkup()}");

        await federation.StartAsync(study.Privacy is null ? data.Settings(study) : [.. data.Settings(study).Select(site => site with { Policy = privacy.Policy })], cancel);
        Step($"coordinator at {federation.Address}, {federation.Sites.Count} hospitals enrolled and connected (mutual TLS, one worker and one gateway each)");
        if (!OperatingSystem.IsWindows())
            terminal.Say("[yellow]account separation off[/]: here all processes share your account; in a hospital worker and gateway have one each");
        if (data.IsEvents)
        {
            await data.ImportAsync(federation, study, terminal, cancel);
            Step("each worker has its hospital's events in its store");
        }

        var digest = await federation.ApproveEverywhereAsync(yaml, study, cancel);
        if (study.Federation.IsMasked)
            Step("each hospital's steward took down what the others' workers say their keys are ('site-worker members confirm'); in real life, by telephone");
        Step($"study {study.Name} submitted, and approved by each hospital's steward: {digest[..12]}");

        var review = named is null ? new DemoReview(federation, study, Step) : null;
        if (review is not null && study.Federation.Quorum == federation.Sites.Count)
            await review.BeforeAsync(cancel);
        var run = await federation.StartRunAsync(digest, cancel);
        var view = await federation.WhileAllRunAsync(
            stop => WatchVerb.FollowAsync(federation.Admin, run, terminal, stop, review is null ? null : happened => review.HappenedAsync(run, happened, stop)), cancel);
        if (view.State.Status != RunStatus.Registered)
            throw new CliException(ExitCode.RunWithoutModel, $"The run ended without a model: {view.State.Failure?.TrimEnd('.') ?? "it was cancelled"}. Logs: {federation.Logs}.");
        var registered = await ModelsCommand.RegisteredAsync(federation.Admin, run, cancel);
        var model = registered.Summary;
        Step($"model [bold]{model.Digest}[/] registered");

        var cohorts = federation.Sites.Select(site => (SiteId.Parse(site.Name), data.Read(site, study, cancel))).ToList();
        DemoComparison.Show(study, cohorts, data.Best, await FileAsync("parameters.bin"), await FileAsync("constants.json"), terminal, cancel);
        if (study.Privacy is not null)
            await DemoPrivacy.ShowAsync(federation, terminal, cancel);
        Step("compared");
        var served = serve ? await new DemoServing(federation, study, terminal, Step, time).RunAsync(registered, cohorts[0].Item2.Test, cancel) : [];
        var audits = await Task.WhenAll(federation.Sites.Select(async site => (site, said: await site.VerifyAuditAsync(cancel))));
        ShowPlaces(federation, audits, terminal);
        ShowNext(federation, [.. data.Next(file.FullName), .. Running(federation, model.Digest, study.Name, keep), .. keep ? served : []], model.Digest, terminal);
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

    private static void ShowPlaces(LocalFederation federation, (LocalSite Site, string Said)[] audits, Terminal terminal)
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
    }

    private static void ShowNext(LocalFederation federation, IEnumerable<string> next, string model, Terminal terminal)
    {
        terminal.Say("What to try next:");
        foreach (var line in next)
            terminal.Say($"  {line.EscapeMarkup()}");
        terminal.Emit("end", new { folder = federation.Folder, logs = federation.Logs, model });
    }

    // Another demo makes another federation, with another model: commands that name this one's are for this one.
    private static string[] Running(LocalFederation federation, string model, string study, bool isKept) => isKept
        ?
        [
            $"fcml models export {model[..12]} --out model --identity {federation.AdminIdentity}",
            $"fcml study profile {study} --identity {federation.AdminIdentity}   # Table 1: once each steward has let it out ('site-worker studies profile')",
        ]
        : ["fcml demo --keep   # leaves it running, and says what to try then"];

    private static async Task KeepAsync(LocalFederation federation, Terminal terminal, TimeProvider time, CancellationToken cancel)
    {
        var link = (await federation.Admin.AskAsync(admin => admin.SignInAsync(new SignInRequest(), cancellationToken: cancel), cancel)).Link;
        terminal.Say($"It goes on running until Ctrl+C. Its pages, for you as admin, for two minutes and once: [bold]{link.EscapeMarkup()}[/]");
        terminal.Say($"In another terminal: [bold]fcml dashboard --identity {federation.AdminIdentity.EscapeMarkup()}[/] for another link, or [bold]fcml site list --identity {federation.AdminIdentity.EscapeMarkup()}[/]");
        terminal.Emit("dashboard", new { link });
        var site = federation.Sites[0];
        if (await site.StartConsoleAsync(cancel) is { } console)
        {
            terminal.Say($"The pages of the steward of {site.Name}, for ten minutes and once: [bold]{console.EscapeMarkup()}[/]");
            terminal.Say($"Another link to them: [bold]site-console link --folder {site.WorkerFolder.EscapeMarkup()}[/]");
            terminal.Emit("console", new { site = site.Name, link = console });
        }

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

    private static string NewFolder(TimeProvider time) =>
        Path.Combine(FcmlHome.Path, "demo", time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));
}
