using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Retention;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace FederatedClinicalMl.Coordinator;

/// <summary>The executable's verbs. Exit codes: 0 done; 1 a fault in the program; 2 a command line or a folder that cannot be used.</summary>
public static class CommandLine
{
    private const int DefaultPort = 8443;
    private const int Unusable = 2;
    private static readonly TimeSpan FirstInvitation = TimeSpan.FromDays(3);

    private static readonly Option<string> Data = new("--data") { Description = "The coordinator's data folder.", Required = true };

    /// <summary>Runs one command line.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("The coordinator of a federation: makes its data folder, runs, backs up and restores it.")
        {
            Init(), Run(), MakeBackup(), Restore(), OverAge(), InviteAdmin(),
        };
        try
        {
            // Stopping is the host's business: it says farewell to the sites first.
            return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception unusable) when (unusable is DataFolderException or LogBrokenException or ArgumentException or IOException or UnauthorizedAccessException
            or System.Security.Cryptography.CryptographicException or Api.FaultException)
        {
            await Console.Error.WriteLineAsync(unusable.Message);
            return Unusable;
        }
    }

    private static Command Init()
    {
        var hosts = new Option<string[]>("--host")
        {
            Description = "A DNS name or address by which clients reach the coordinator; the first is named in invitations. May be given more than once.", Required = true,
        };
        var port = new Option<int>("--port") { Description = "The TCP port.", DefaultValueFactory = _ => DefaultPort };
        var admin = new Option<string>("--admin") { Description = "Name of the first admin.", DefaultValueFactory = _ => "admin" };
        var certificate = new Option<string?>("--authority-certificate") { Description = "PEM file: a certificate of your own to use as the authority (ECDSA P-256, self-signed)." };
        var key = new Option<string?>("--authority-key") { Description = "PEM file: its private key." };
        var command = new Command("init", "Makes a data folder: authority, keys, and the first admin's invitation, which is printed.") { Data, hosts, port, admin, certificate, key };
        command.SetAction(parsed =>
        {
            var (certificateFile, keyFile) = (parsed.GetValue(certificate), parsed.GetValue(key));
            if (certificateFile is null != keyFile is null)
                throw new ArgumentException("--authority-certificate and --authority-key belong together: give both, or neither.");
            var names = parsed.GetRequiredValue(hosts);
            if (names.FirstOrDefault(name => Uri.CheckHostName(name) == UriHostNameType.Unknown) is { } wrong)
                throw new ArgumentException($"--host {wrong} is neither a DNS name nor an address.");
            var member = AdminNamed(parsed.GetRequiredValue(admin));
            using var folder = DataFolder.Create(
                parsed.GetRequiredValue(Data), names, parsed.GetValue(port),
                certificateFile is null ? null : (File.ReadAllText(certificateFile), File.ReadAllText(keyFile!)), TimeProvider.System);
            Console.Error.WriteLine($"Coordinator {folder.Identity.Id} is ready to run. The first admin redeems this invitation within {FirstInvitation.TotalDays} days:");
            PrintInvitation(folder, member);
        });
        return command;
    }

    private static Command Run()
    {
        var listen = new Option<string?>("--listen") { Description = "Address and port to listen on, e.g. 127.0.0.1:8443; port 0 takes a free one. Default: every address, on the port given to init." };
        var dashboard = new Option<string?>("--dashboard") { Description = "Address and port of pages for people, e.g. 127.0.0.1:8444: plain HTTP on loopback, HTTPS with the coordinator's certificate elsewhere. Default: no pages." };
        var certificate = new Option<string?>("--dashboard-certificate") { Description = "PKCS#12 file (no password) whose certificate the pages are served with instead." };
        var metrics = new Option<string?>("--metrics") { Description = "Address and port on this machine where a scraper finds /metrics, /health/live and /health/ready, e.g. 127.0.0.1:9464. Default: nowhere." };
        var traces = new Option<string?>("--traces") { Description = "A collector that spans of rounds are sent to by OTLP over HTTP, e.g. http://127.0.0.1:4318. Default: none." };
        var command = new Command("run", "Runs until SIGTERM or Ctrl+C. Prints one line of JSON on standard output once clients can connect.") { Data, listen, dashboard, certificate, metrics, traces };
        command.SetAction(async (parsed, stop) =>
        {
            var pages = EndPoint(parsed, dashboard);
            if (pages is null && parsed.GetValue(certificate) is not null)
                throw new ArgumentException("--dashboard-certificate is for --dashboard: give both, or neither.");
            await using var host = CoordinatorHost.Build(new CoordinatorOptions(parsed.GetRequiredValue(Data))
            {
                Listen = EndPoint(parsed, listen), Dashboard = pages is null ? null : new DashboardListener(pages, parsed.GetValue(certificate)),
                Telemetry = TelemetryOptions.Parse(parsed.GetValue(metrics), parsed.GetValue(traces)),
            });
            await host.StartAsync(stop);
            var ready = new JsonObject { ["ready"] = true, ["address"] = host.Address.ToString(), ["coordinator"] = host.Id, ["process"] = Environment.ProcessId };
            if (host.Dashboard is { } address)
                ready["dashboard"] = address.AbsoluteUri;
            Console.WriteLine(ready.ToJsonString());
            await host.WaitForShutdownAsync(stop);
            return 0;
        });
        return command;
    }

    private static IPEndPoint? EndPoint(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is not { } text ? null
        : IPEndPoint.TryParse(text, out var endpoint) ? endpoint : throw new ArgumentException($"{option.Name} {text} is not of the form address:port, such as 127.0.0.1:8443.");

    private static Command MakeBackup()
    {
        var to = new Option<string>("--to") { Description = "The file to write.", Required = true };
        var command = new Command("backup", "Writes one consistent file with everything, also while the coordinator runs. It holds private keys.") { Data, to };
        command.SetAction(parsed =>
        {
            var length = Backup.Write(parsed.GetRequiredValue(Data), parsed.GetRequiredValue(to));
            Console.Error.WriteLine($"Wrote {parsed.GetRequiredValue(to)}, {length} bytes. It holds the coordinator's private keys: keep it as you keep those.");
        });
        return command;
    }

    private static Command Restore()
    {
        var from = new Option<string>("--from") { Description = "The backup.", Required = true };
        var command = new Command("restore", "Makes a data folder from a backup. The old coordinator must not run any more.") { Data, from };
        command.SetAction(parsed =>
        {
            var identity = Backup.Restore(parsed.GetRequiredValue(from), parsed.GetRequiredValue(Data));
            Console.Error.WriteLine($"Restored coordinator {identity.Id} to {parsed.GetRequiredValue(Data)}. Never run it and the old one side by side.");
        });
        return command;
    }

    private static Command OverAge()
    {
        var command = new Command("retention", "Prints what the coordinator would remove today because it is over age, as one line of JSON, and changes nothing. The coordinator must be stopped; or give the folder that a backup was restored to.") { Data };
        command.SetAction(parsed =>
        {
            using var folder = DataFolder.Open(parsed.GetRequiredValue(Data));
            using var journal = new SqliteRunJournal(folder.Database);
            var over = new RetentionDesk(folder, journal, new ModelRegistry(folder.Disk), new ResultStore(folder.Disk), new MonitoringStore(folder.Database), TimeProvider.System).Look();
            Console.WriteLine(new JsonObject
            {
                ["results"] = new JsonArray([.. over.Results.Select(result => (JsonNode)result.ToString())]), ["bytes"] = over.Bytes, ["monitoringEvents"] = over.MonitoringEvents,
            }.ToJsonString());
        });
        return command;
    }

    private static Command InviteAdmin()
    {
        var admin = new Option<string>("--admin") { Description = "Name of the new admin; one that is not enrolled.", Required = true };
        var command = new Command("invite-admin", "Prints an invitation for another admin, for when every admin has lost their key. The coordinator must be stopped.") { Data, admin };
        command.SetAction(parsed =>
        {
            var member = AdminNamed(parsed.GetRequiredValue(admin));
            using var folder = DataFolder.Open(parsed.GetRequiredValue(Data));
            PrintInvitation(folder, member);
        });
        return command;
    }

    private static Member AdminNamed(string name) =>
        FederatedClinicalMl.Studies.Name.IsName(name) ? new Member(Roles.Admin, name) : throw new ArgumentException($"--admin {name} is not a name: {FederatedClinicalMl.Studies.Name.Rule}.");

    private static void PrintInvitation(DataFolder folder, Member member)
    {
        using var authority = folder.OpenAuthority(TimeProvider.System);
        using var audit = new AuditTrail(folder.Disk, folder.Key, TimeProvider.System);
        var store = new MemberStore(folder.Database);
        var desk = new EnrolmentDesk(
            authority, store, new MemberDirectory(store.Certificates()), audit, new CoordinatorAddress(folder.Identity.Hosts, folder.Identity.Port), TimeProvider.System,
            NullLogger<EnrolmentDesk>.Instance);
        Console.WriteLine(InvitationToken.Write(desk.Invite(member, FirstInvitation, actor: null)));
    }
}
