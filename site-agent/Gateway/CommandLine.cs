using System.CommandLine;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Telemetry;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Compact;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// The command line of <c>site-agent</c>. Exit codes: 0 all is well; 1 something has to be mended, and the last line on standard error
/// says what; 2 the command line itself is wrong; 3 <c>doctor</c> found warnings only.
/// </summary>
public static class CommandLine
{
    /// <summary>Exit codes.</summary>
    internal const int Well = 0, Fault = 1, Usage = 2, Warnings = 3;

    private static readonly Option<string> Data = new("--data") { Description = "The gateway's own folder: identity and logs. Readable by its account alone.", Required = true };
    private static readonly Option<string> Exchange = new("--exchange") { Description = "The folder shared with the worker: incoming/ and outgoing/.", Required = true };
    private static readonly Option<string> Worker = new("--worker-socket") { Description = "The worker's socket (on Windows \\\\.\\pipe\\name).", Required = true };
    private static readonly Option<string?> Proxy = new("--proxy") { Description = "HTTP proxy, http://host:port; default: the environment's HTTPS_PROXY." };
    private static readonly Option<string?> ProxyLogin = new("--proxy-login") { Description = "File with one line user:password for the proxy; not on the command line, which every account of the host can see." };
    private static readonly Option<string?> NoProxy = new("--no-proxy") { Description = "Hosts to reach directly, separated by commas; default: the environment's NO_PROXY." };
    private static readonly Option<string> Invitation = new("--invitation") { Description = "What 'fcml site invite' printed, or @FILE that holds it.", Required = true };
    private static readonly Option<string?> Metrics = new("--metrics") { Description = "Address and port on this machine where a scraper finds /metrics, /health/live and /health/ready, e.g. 127.0.0.1:9465. Default: nowhere." };
    private static readonly Option<string?> Traces = new("--traces") { Description = "A collector that spans are sent to by OTLP over HTTP, e.g. http://127.0.0.1:4318: names, ids and durations of steps, the worker's too. Default: none." };
    private static readonly Option<bool> Json = new("--json") { Description = "Print the findings as JSON." };

    /// <summary>Runs one command.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var enrol = new Command("enrol", "Redeem an invitation: make this site's TLS key here and have it certified.\nExample: site-agent enrol --invitation @invitation.txt --data /var/lib/fcml/gateway --worker-socket /run/fcml/worker.sock")
        {
            Invitation, Data, Worker, Proxy, ProxyLogin, NoProxy,
        };
        enrol.SetAction((line, stop) => SayFaults(() => EnrolAsync(line, stop)));
        var run = new Command("run", "Hold the session with the coordinator and carry parameters and releases.\nExample: site-agent run --data /var/lib/fcml/gateway --exchange /var/lib/fcml/exchange --worker-socket /run/fcml/worker.sock")
        {
            Data, Exchange, Worker, Proxy, ProxyLogin, NoProxy, Metrics, Traces,
        };
        run.SetAction((line, stop) => SayFaults(() => HoldAsync(line, stop)));
        var doctor = new Command("doctor", "Check everything on the way to the coordinator and to the worker, name what is wrong and how to mend it.\nExit code 0: all is well; 3: warnings; 1: something is broken.\nExample: site-agent doctor --data /var/lib/fcml/gateway --exchange /var/lib/fcml/exchange --worker-socket /run/fcml/worker.sock")
        {
            Data, Exchange, Worker, Proxy, ProxyLogin, NoProxy, Json,
        };
        doctor.SetAction((line, stop) => SayFaults(() => ExamineAsync(line, stop)));

        var root = new RootCommand("The site agent's gateway: everything of this hospital's federation that touches the network. It cannot read patient data.") { enrol, run, doctor };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await parsed.InvokeAsync();
            return Usage;
        }

        return await parsed.InvokeAsync();
    }

    private static async Task<int> EnrolAsync(ParseResult line, CancellationToken stop)
    {
        var identity = Path.Combine(line.GetValue(Data)!, "identity");
        if (ClientIdentity.ExistsIn(identity))
            throw new AgentException("IDENTITY_EXISTS", $"'{identity}' holds an identity already. To enrol anew, move that folder away first.");
        var invitation = InvitationToken.Read(line.GetValue(Invitation)!);
        if (!invitation.IsSite)
            throw new AgentException("INVITATION_FOR_PERSON", $"This invitation is for a person ({invitation.Subject}). People enrol with fcml, sites with site-agent.");
        using var worker = new WorkerClient(line.GetValue(Worker)!);
        using var enrolled = await Redemption.RedeemAsync(invitation, (challenge, s) => AskWorkerAsync(worker, line.GetValue(Worker)!, challenge, s), ProxyFrom(line), TimeProvider.System, stop);
        enrolled.Save(identity);
        Console.Out.WriteLine($"Enrolled as {enrolled.Name} with {enrolled.Coordinator}; certificate good until {enrolled.Certificate.NotAfter.ToUniversalTime():u}, renews itself.");
        return Well;
    }

    private static async Task<Protos.Federation.WorkerKey> AskWorkerAsync(WorkerClient worker, string socket, Sha256Digest challenge, CancellationToken stop)
    {
        try
        {
            return await worker.ProveAsync(challenge, stop);
        }
        catch (RpcException e) when (!stop.IsCancellationRequested)
        {
            throw new AgentException("WORKER_UNREACHABLE", $"The worker does not answer at '{socket}' ({e.Status.Detail}). Start site-worker first: its signing key is part of the enrolment. The invitation was not used.", e);
        }
    }

    private static async Task<int> HoldAsync(ParseResult line, CancellationToken stop)
    {
        var options = OptionsFrom(line);
        using var terminated = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            terminated.Cancel();
        });
        await using var serilog = new LoggerConfiguration()
            .Enrich.FromLogContext()
            .WriteTo.Console(standardErrorFromLevel: Serilog.Events.LogEventLevel.Verbose)
            .WriteTo.File(new CompactJsonFormatter(), Path.Combine(options.DataDirectory, "logs", "site-agent-.json"), rollingInterval: RollingInterval.Day, retainedFileCountLimit: 30, fileSizeLimitBytes: 64 * 1024 * 1024, rollOnFileSizeLimit: true)
            .CreateLogger();
        using var loggers = new SerilogLoggerFactory(serilog);
        var host = new GatewayHost(options, loggers, TimeProvider.System);
        using var observed = Telemetry.Observe(() => host.HasSession, () => host.HasWorker);
        await using var telemetry = await TelemetryHost.StartAsync(
            TelemetryFrom(line), Telemetry.Name, [new TracedService(Telemetry.Name, "site-agent"), new TracedService(Telemetry.WorkerName, "site-worker")], () => host.HasSession && host.HasWorker, stop);
        var life = host.RunAsync(terminated.Token);
        if (await Task.WhenAny(host.Connected, life) == host.Connected)
            Console.Out.WriteLine($$"""{"ready":true,"process":{{Environment.ProcessId}}}"""); // for whoever started it; what is logged goes to standard error
        await life;
        return Well;
    }

    private static async Task<int> ExamineAsync(ParseResult line, CancellationToken stop)
    {
        var findings = await new Doctor(OptionsFrom(line), TimeProvider.System).ExamineAsync(stop);
        Console.Out.WriteLine(line.GetValue(Json) ? Finding.ToJson(findings) : Finding.ToText(findings));
        return Finding.ExitCode(findings);
    }

    private static TelemetryOptions TelemetryFrom(ParseResult line)
    {
        try
        {
            return TelemetryOptions.Parse(line.GetValue(Metrics), line.GetValue(Traces));
        }
        catch (ArgumentException wrong)
        {
            throw new AgentException("TELEMETRY_WRONG", wrong.Message, wrong);
        }
    }

    private static GatewayOptions OptionsFrom(ParseResult line) =>
        new(Path.GetFullPath(line.GetValue(Data)!), Path.GetFullPath(line.GetValue(Exchange)!), line.GetValue(Worker)!, ProxyFrom(line));

    private static ProxySettings ProxyFrom(ParseResult line)
    {
        var settings = line.GetValue(Proxy) is { } address ? ProxySettings.From(address, line.GetValue(NoProxy)) : ProxySettings.FromEnvironment();
        if (line.GetValue(ProxyLogin) is not { } file)
            return settings;
        try
        {
            var parts = File.ReadAllText(file).Trim().Split(':', 2);
            return parts.Length == 2
                ? settings with { Login = new System.Net.NetworkCredential(parts[0], parts[1]) }
                : throw new AgentException("PROXY_LOGIN_WRONG", $"'{file}' does not hold one line of the form user:password.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException("PROXY_LOGIN_WRONG", $"The proxy's login cannot be read from '{file}': {e.Message}", e);
        }
    }

    private static async Task<int> SayFaults(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (AgentException e)
        {
            Console.Error.WriteLine($"{e.Code}: {e.Message}");
            return Fault;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"STORAGE_FAILED: {e.Message}");
            return Fault;
        }
    }
}
