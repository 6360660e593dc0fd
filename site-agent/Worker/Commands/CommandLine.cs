using System.CommandLine;
using Microsoft.Extensions.Hosting;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The command line of <c>site-worker</c>. Exit codes: 0 done, 1 refused or not intact, 2 wrong usage, 3 the worker cannot be reached, 4 its folder is not set up.</summary>
public static class CommandLine
{
    internal const int Done = 0, Refused = 1, Usage = 2, Unreachable = 3, NotSetUp = 4;

    /// <summary>Runs one command.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = Root();
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync(error.Message);
            return Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (WorkerSetupException setup)
        {
            await Console.Error.WriteLineAsync(setup.Message);
            return NotSetUp;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.FailedPrecondition)
        {
            await Console.Error.WriteLineAsync(refused.Status.Detail);
            return Refused;
        }
        catch (RpcException unreachable)
        {
            await Console.Error.WriteLineAsync($"The worker does not answer on its steward socket ({unreachable.StatusCode}). Is 'site-worker run' running on this folder, and may this account use it (steward-uids in worker.yaml)?");
            return Unreachable;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return NotSetUp;
        }
    }

    private static RootCommand Root() => new("""
        The site's worker: reads patient data, applies the site's policy, and has no network.

        Examples:
          site-worker init --data /var/lib/fcml/worker --site cleveland --gateway-uid 998
          site-worker run --data /var/lib/fcml/worker --exchange /var/lib/fcml/exchange
          site-worker studies list --data /var/lib/fcml/worker
          site-worker studies show <digest> --data /var/lib/fcml/worker --html study.html
          site-worker members show --data /var/lib/fcml/worker
          site-worker studies approve <digest> --data /var/lib/fcml/worker --note "ethics board 2026/14"
          site-worker models allow heart-disease --signer <fingerprint> --modes shadow,production --data /var/lib/fcml/worker
          site-worker data import ehr --data /var/lib/fcml/worker
          site-worker quality check ehr --data /var/lib/fcml/worker --html ehr.html
          site-worker audit verify --data /var/lib/fcml/worker

        Exit codes: 0 done, 1 refused or not intact, 2 wrong usage, 3 the worker cannot be reached, 4 its folder is not set up.
        """)
    {
        Init(), Run(),
        new Command("studies", "Studies that were offered to this site.") { List(), ShowCommand.Create(), Preview(), ProfileCommand.Create(), MatrixCommand.Create(), Decide("approve", "Approves exactly this study.", Approve), Decide("refuse", "Refuses a study.", Refuse), Decide("revoke", "Withdraws an approval and destroys what is unsent.", Revoke) },
        DataCommand.Create(),
        DriftCommand.Create(),
        QualityCommand.Create(),
        KeyCommand.Create(),
        MembersCommand.Create(),
        LedgerCommand.Create(),
        ModelsCommand.Create(),
        ReplayCommand.Create(),
        ContentCommand.Create(),
        new Command("exclusions", "Patients who opted out.") { SetExclusions(), ShowExclusions() },
        new Command("audit", "The chained, signed log of what was decided and what left.") { ShowAudit(), VerifyAudit(), ReleasesCommand.Create() },
    };

    internal static Option<DirectoryInfo> Data() => new("--data") { Description = "The worker's own folder.", Required = true };

    internal static Option<bool> Json() => new("--json") { Description = "Prints JSON for scripts." };

    internal static WorkerFolder Folder(ParseResult parsed, Option<DirectoryInfo> data) => new(parsed.GetRequiredValue(data).FullName);

    private static Command Init()
    {
        var (data, site) = (Data(), new Option<string>("--site") { Description = "The site's name, as in its invitation.", Required = true });
        var gateway = new Option<uint?>("--gateway-uid") { Description = "Unix uid of the gateway's account; without it: this account, no separation." };
        var stewards = new Option<uint[]>("--steward-uid") { Description = "Unix uid of a steward; may be given several times." };
        var command = new Command("init", "Makes the worker's folder: keys, policy, map of datasets. What is there stays.") { data, site, gateway, stewards };
        command.SetAction(parsed =>
        {
            if (!SiteId.TryParse(parsed.GetValue(site), out var name))
            {
                Console.Error.WriteLine($"'{parsed.GetValue(site)}' is not a site's name: {Name.Rule}.");
                return Usage;
            }

            var folder = Folder(parsed, data);
            foreach (var file in folder.Initialise(new WorkerConfiguration(name, parsed.GetValue(gateway), [.. parsed.GetValue(stewards) ?? []])))
                Console.WriteLine($"made {file}");
            using var identity = folder.Open(WorkerConfiguration.ReadFile(folder.Configuration), WorkerHost.Software).Key;
            Console.WriteLine($"worker key {identity.PublicKey.Fingerprint}");
            return Done;
        });
        return command;
    }

    private static Command Run()
    {
        var (data, json) = (Data(), Json());
        var exchange = new Option<DirectoryInfo>("--exchange") { Description = "The folder shared with the gateway: incoming, outgoing and worker.sock.", Required = true };
        var command = new Command("run", "Runs the worker until it is stopped.") { data, exchange, json };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var app = WorkerHost.Build(Folder(parsed, data), parsed.GetRequiredValue(exchange).FullName, parsed.GetValue(json));
            await app.StartAsync(cancel);
            await app.WaitForShutdownAsync(cancel);
            return Done;
        });
        return command;
    }

    private static Command List()
    {
        var (data, json) = (Data(), Json());
        var command = new Command("list", "Lists studies and what was decided.") { data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(Folder(parsed, data));
            var reply = await channel.Client.ListStudiesAsync(new ListStudiesRequest(), cancellationToken: cancel);
            return Print(parsed.GetValue(json), reply, writer =>
            {
                foreach (var study in reply.Studies)
                    Write(writer, study);
            });
        });
        return command;
    }

    private static Command Preview()
    {
        var (data, json, digest) = (Data(), Json(), new Argument<string>("digest") { Description = "Digest, or a prefix that names one study." });
        var command = new Command("preview", "Computes what would leave, and sends nothing.") { digest, data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(Folder(parsed, data));
            var reply = await channel.Client.PreviewAsync(new StudyRequest { Digest = parsed.GetRequiredValue(digest) }, cancellationToken: cancel);
            return Print(parsed.GetValue(json), reply, writer =>
            {
                Write(writer, reply.Checks);
                foreach (var release in reply.Releases)
                    writer.WriteLine($"{release.Kind}, {release.Length} bytes:\n{release.Content}\n");
            });
        });
        return command;
    }

    private static Command Decide(string name, string description, Func<Steward.StewardClient, DecisionRequest, CancellationToken, Task<(IMessage Reply, string Line)>> decide)
    {
        var (data, json, digest) = (Data(), Json(), new Argument<string>("digest") { Description = "The whole digest: what is decided is exactly one study." });
        var steward = new Option<string>("--steward") { Description = "Who decides.", DefaultValueFactory = _ => Environment.UserName };
        var note = new Option<string>("--note") { Description = "Stays at the site, in the log.", DefaultValueFactory = _ => "" };
        var command = new Command(name, description) { digest, data, steward, note, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(Folder(parsed, data));
            var request = new DecisionRequest { Digest = parsed.GetRequiredValue(digest), Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) };
            var (reply, line) = await decide(channel.Client, request, cancel);
            return Print(parsed.GetValue(json), reply, writer => writer.WriteLine(line));
        });
        return command;
    }

    private static async Task<(IMessage Reply, string Line)> Approve(Steward.StewardClient client, DecisionRequest request, CancellationToken cancel)
    {
        var reply = await client.ApproveAsync(request, cancellationToken: cancel);
        return (reply, $"{reply.State} {reply.Digest} {reply.Name}{(reply.Page.Length == 0 ? "" : $"\nThe log has the digest of the page that 'site-worker studies show' had for you before: {reply.Page}")}");
    }

    private static async Task<(IMessage Reply, string Line)> Refuse(Steward.StewardClient client, DecisionRequest request, CancellationToken cancel)
    {
        var reply = await client.RefuseAsync(request, cancellationToken: cancel);
        return (reply, $"{reply.State} {reply.Digest} {reply.Name}");
    }

    private static async Task<(IMessage Reply, string Line)> Revoke(Steward.StewardClient client, DecisionRequest request, CancellationToken cancel)
    {
        var reply = await client.RevokeAsync(request, cancellationToken: cancel);
        return (reply, $"{reply.Study.State} {reply.Study.Digest} {reply.Study.Name}; {reply.Destroyed} unsent releases destroyed");
    }

    private static Command SetExclusions()
    {
        var (data, json) = (Data(), Json());
        var file = new Argument<FileInfo>("file") { Description = "One pseudonym per line; replaces the whole list." };
        var steward = new Option<string>("--steward") { Description = "Who decides.", DefaultValueFactory = _ => Environment.UserName };
        var command = new Command("set", "Replaces the list of patients who opted out; holds for every release that is made after that.") { file, data, steward, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(Folder(parsed, data));
            var request = new SetExclusionsRequest { Steward = parsed.GetRequiredValue(steward) };
            request.Pseudonyms.AddRange(await File.ReadAllLinesAsync(parsed.GetRequiredValue(file).FullName, cancel));
            var reply = await channel.Client.SetExclusionsAsync(request, cancellationToken: cancel);
            return Print(parsed.GetValue(json), reply, writer => writer.WriteLine($"{reply.Count} patients are excluded"));
        });
        return command;
    }

    // The list itself is kept as keyed hashes: who set it when, and how many patients it names, is all that can be shown.
    private static Command ShowExclusions()
    {
        var data = Data();
        var command = new Command("show", "Shows when the list was set and how many patients it names; pseudonyms are kept only as keyed hashes.") { data };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(Folder(parsed, data));
            using var entries = channel.Client.ShowAudit(new ShowAuditRequest(), cancellationToken: cancel);
            await foreach (var entry in entries.ResponseStream.ReadAllAsync(cancel))
            {
                var node = CanonicalJson.Read(System.Text.Encoding.UTF8.GetBytes(entry.Json))!;
                if (node["kind"]!.GetValue<string>() == WorkerEntries.ExclusionsSet)
                    Console.WriteLine($"{node["at"]} by {node["body"]!["steward"]}: {node["body"]!["patients"]!.AsArray().Count} patients");
            }

            return Done;
        });
        return command;
    }

    private static Command ShowAudit()
    {
        var data = Data();
        var from = new Option<ulong>("--from") { Description = "Sequence number to start at." };
        var command = new Command("show", "Prints the log's entries, one JSON object per line.") { data, from };
        command.SetAction(parsed =>
        {
            var folder = Folder(parsed, data);
            foreach (var line in LineLog.Read(Existing(folder), WorkerCore.LogPath, out _).Skip(Math.Max(0, (int)parsed.GetValue(from) - 1)))
                Console.WriteLine(System.Text.Encoding.UTF8.GetString(line.Span));
            return Done;
        });
        return command;
    }

    // Reads the file itself, so that it works with the worker stopped, and does not take the worker's word for it.
    private static Command VerifyAudit()
    {
        var (data, json) = (Data(), Json());
        var command = new Command("verify", "Checks every entry, link and signature of the log; works with the worker stopped.") { data, json };
        command.SetAction(parsed =>
        {
            var folder = Folder(parsed, data);
            using var key = SigningKey.FromPem(File.ReadAllText(folder.Key));
            var found = ChainedLog.Verify(Existing(folder), WorkerCore.LogPath, key.PublicKey);
            var said = found.Describe() + (found is { Intact: true, IsWhole: false } ? " If the worker runs, verify again; when it starts it cuts a torn line off." : "");
            var reply = new VerifyAuditReply
            {
                Intact = found.IsWhole, Entries = (ulong)found.Entries, Head = found.Head.ToString(), Fault = found.Fault?.Message ?? (found.IsWhole ? "" : said),
            };
            Print(parsed.GetValue(json), reply, writer => writer.WriteLine(said));
            return reply.Intact ? Done : Refused;
        });
        return command;
    }

    internal static FileDisk Existing(WorkerFolder folder) => File.Exists(Path.Join(folder.Root, WorkerCore.LogPath))
        ? new FileDisk(folder.Root)
        : throw new WorkerSetupException($"'{folder.Root}' holds no {WorkerCore.LogPath}: no worker has run on it.");

    internal static int Print(bool json, IMessage reply, Action<TextWriter> write)
    {
        if (json)
            Console.WriteLine(new JsonFormatter(JsonFormatter.Settings.Default.WithFormatDefaultValues(true)).Format(reply));
        else
            write(Console.Out);
        return Done;
    }

    private static void Write(TextWriter writer, StudyEntry study) => writer.WriteLine($"{study.State,-9} {study.Digest}  {study.Name}\n          {PageText.Clean(study.Reason)}");

    private static void Write(TextWriter writer, IEnumerable<Protos.Steward.PolicyCheck> checks)
    {
        foreach (var check in checks)
            writer.WriteLine($"{(check.Passed ? "within" : "BEYOND")} {check.Rule}: {check.Sentence}");
    }
}
