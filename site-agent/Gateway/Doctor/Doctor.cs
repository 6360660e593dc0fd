using System.Net;
using System.Net.Sockets;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// <c>site-agent doctor</c>: looks at everything on the way to the coordinator and to the worker, in the order in which things depend on
/// each other, and says of each what is wrong and how to mend it. It changes nothing, and may run beside the running gateway.
/// </summary>
public sealed class Doctor(GatewayOptions options, TimeProvider time)
{
    private const long MiB = 1024 * 1024;
    private const long LeastFreeBytes = 2048 * MiB;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan GreatestSkew = TimeSpan.FromMinutes(5);

    private readonly List<Finding> _findings = [];

    /// <summary>Runs every check; one that rests on a broken one is reported as skipped.</summary>
    public async Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken stop)
    {
        _findings.Clear();
        using var identity = ExamineIdentity();
        if (identity is null)
            Skip("without an identity no address is known", "name", "connection", "clock", "membership", "protocol");
        else
            await ExamineCoordinatorAsync(identity, stop);
        await ExamineWorkerAsync(stop);
        await ExamineAccountsAsync(stop);
        ExamineExchange();
        ExamineOutboxKey();
        ExamineDisk();
        return [.. _findings];
    }

    private ClientIdentity? ExamineIdentity()
    {
        const string check = "identity";
        ClientIdentity identity;
        try
        {
            identity = ClientIdentity.Load(options.IdentityDirectory);
        }
        catch (AgentException e)
        {
            Broken(check, e.Code, e.Message);
            Skip("there is no identity", "certificate");
            return null;
        }

        var path = ClientIdentity.PathIn(options.IdentityDirectory);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != UnixFileMode.None)
            Broken(check, "IDENTITY_EXPOSED", $"Other accounts can open '{path}', which holds this site's TLS key. Run chmod 600 on it; if anybody may have read it, have the site revoked and enrol again.");
        else
            Fine(check, $"{identity.Subject} at {identity.Coordinator}");
        ExamineCertificate(identity);
        return identity;
    }

    private void ExamineCertificate(ClientIdentity identity)
    {
        const string check = "certificate";
        var now = time.GetUtcNow();
        var (from, end) = (new DateTimeOffset(identity.Certificate.NotBefore), new DateTimeOffset(identity.Certificate.NotAfter));
        if (now >= end)
            Broken(check, "CERTIFICATE_EXPIRED", $"Our certificate expired at {end:u}. Check this host's clock; if it is right, enrol again with a new invitation.");
        else if (now < from)
            Broken(check, "CERTIFICATE_NOT_YET_VALID", $"Our certificate is valid from {from:u} on, and this host's clock says {now:u}. Set the clock.");
        else if (now >= CertificateRenewal.DueAt(identity.Certificate))
            Warn(check, "CERTIFICATE_RENEWAL_DUE", $"Our certificate expires at {end:u} and should have renewed itself. Start the gateway (site-agent run) and look for event 2007 in its log.");
        else
            Fine(check, $"good until {end:u}");
    }

    private async Task ExamineCoordinatorAsync(ClientIdentity identity, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        using var channel = CoordinatorChannel.Open(identity, options.Proxy, time);
        try
        {
            if (!await ExamineNameAsync(identity.Coordinator, either.Token))
                Skip("there is no address to connect to", "connection", "clock", "membership", "protocol");
            else if (!await ExamineConnectionAsync(channel, either.Token))
                Skip("the coordinator cannot be reached", "clock", "membership", "protocol");
            else if (!await ExamineMembershipAsync(channel, either.Token))
                Skip("the coordinator does not talk to us", "protocol");
            else
                await ExamineProtocolAsync(channel, either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            Broken("connection", "UNREACHABLE", $"{identity.Coordinator.Authority} did not answer within {Patience.TotalSeconds:0} s: packets are dropped on the way. Ask the network team for outbound TCP to it.");
        }
    }

    private async Task<bool> ExamineNameAsync(Uri coordinator, CancellationToken stop)
    {
        const string check = "name";
        var proxy = options.Proxy.GetProxy(coordinator);
        var host = (proxy ?? coordinator).IdnHost;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, stop);
            Fine(check, $"{host} is {string.Join(", ", addresses.Select(a => a.ToString()))}");
            return true;
        }
        catch (SocketException e)
        {
            Broken(check, "NAME_NOT_FOUND", $"The name '{host}'{(proxy is null ? "" : " of the proxy")} is not known here ({e.SocketErrorCode}). Check the address, the DNS servers and /etc/hosts.");
            return false;
        }
    }

    private async Task<bool> ExamineConnectionAsync(CoordinatorChannel channel, CancellationToken stop)
    {
        const string check = "connection";
        try
        {
            var clock = await channel.ProbeAsync(stop);
            var way = options.Proxy.GetProxy(channel.Coordinator) is { } proxy ? $" through the proxy {proxy.Authority}" : "";
            Fine(check, $"TLS with {channel.Coordinator.Authority}{way}; the certificate is our authority's");
            ExamineClock(clock);
            return true;
        }
        catch (HttpRequestException e)
        {
            var fault = channel.Explain(e);
            Broken(check, fault.Code, fault.Sentence);
            return false;
        }
    }

    private void ExamineClock(DateTimeOffset? theirs)
    {
        const string check = "clock";
        if (theirs is not { } clock)
        {
            Skip("the coordinator's answer named no time", check);
            return;
        }

        var skew = (time.GetUtcNow() - clock).Duration();
        if (skew > GreatestSkew)
            Broken(check, "CLOCK_WRONG", $"This host's clock and the coordinator's are {skew.TotalMinutes:0} minutes apart. Set this host's clock (NTP); if it is right, tell the coordinator's admin.");
        else
            Fine(check, $"within {Math.Ceiling(skew.TotalSeconds) + 1} s of the coordinator's");
    }

    /// <summary>Asks for parameters that nobody has: whoever is not a member hears that first.</summary>
    private async Task<bool> ExamineMembershipAsync(CoordinatorChannel channel, CancellationToken stop)
    {
        const string check = "membership";
        try
        {
            using var reply = await channel.Http.GetAsync(new Uri($"/v1/parameters/{default(Sha256Digest)}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, stop);
            var code = reply.Headers.TryGetValues(CoordinatorFault.CodeHeader, out var values) ? values.First() : "";
            switch (reply.StatusCode)
            {
                case HttpStatusCode.NotFound:
                    Fine(check, "the coordinator accepts our certificate");
                    return true;
                case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden:
                    Broken(check, code.Length > 0 ? code : "CERTIFICATE_UNKNOWN", code switch
                    {
                        "CERTIFICATE_REVOKED" => "The coordinator's admin revoked our certificate. Ask why, and for a new invitation.",
                        "CERTIFICATE_EXPIRED" => "The coordinator takes our certificate for expired. Check both clocks; if they are right, enrol again.",
                        _ => "The coordinator does not know our certificate. Was it set up anew, or restored from an old backup? Ask its admin; if need be, enrol again.",
                    });
                    return false;
                default:
                    Broken(check, code.Length > 0 ? code : "COORDINATOR_FAILED", $"The coordinator answered {(int)reply.StatusCode}. Tell its admin the time: its log says why.");
                    return false;
            }
        }
        catch (HttpRequestException e)
        {
            var fault = channel.Explain(e);
            Broken(check, fault.Code, fault.Sentence);
            return false;
        }
    }

    /// <summary>A Hello with our versions but without the worker's key: refused for the one or the other, so that no running session is replaced; for the other without a warning there.</summary>
    private async Task ExamineProtocolAsync(CoordinatorChannel channel, CancellationToken stop)
    {
        const string check = "protocol";
        var (code, sentence) = ("", "");
        try
        {
            using var call = new Protos.Federation.Session.SessionClient(channel.Grpc).Connect(cancellationToken: stop);
            var hello = new Hello
            {
                OldestProtocol = SoftwareVersion.OldestProtocol,
                NewestProtocol = SoftwareVersion.NewestProtocol,
                SoftwareVersion = SoftwareVersion.Text,
                ClockUnixMilliseconds = time.GetUtcNow().ToUnixTimeMilliseconds(),
            };
            await call.RequestStream.WriteAsync(new SiteMessage { Hello = hello }, stop);
            if (await call.ResponseStream.MoveNext(stop) && call.ResponseStream.Current.Farewell?.Fault is { } fault)
                (code, sentence) = (fault.Code, fault.Sentence);
        }
        catch (RpcException e) when (!stop.IsCancellationRequested)
        {
            var fault = channel.Explain(e);
            (code, sentence) = (fault.Code, fault.Sentence);
        }

        if (code is "" or "WORKER_KEY_WRONG" or "REQUEST_INVALID")
            Fine(check, $"the coordinator speaks one of our versions ({SoftwareVersion.OldestProtocol} to {SoftwareVersion.NewestProtocol})");
        else
            Broken(check, code, sentence);
    }

    private async Task ExamineWorkerAsync(CancellationToken stop)
    {
        const string check = "worker";
        var path = options.WorkerSocket;
        if (!OperatingSystem.IsWindows() && !File.Exists(path))
        {
            Broken(check, "WORKER_SOCKET_MISSING", $"There is no socket at '{path}'. Start site-worker, and check that both were given the same path.");
            return;
        }

        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        using var worker = new WorkerClient(path);
        try
        {
            var key = await worker.ProveAsync(Sha256Digest.Of("site-agent doctor"u8), either.Token);
            Fine(check, $"answers; its key's fingerprint is {Sha256Digest.Of(key.PublicKey.Span)}");
        }
        catch (AgentException e)
        {
            Broken(check, e.Code, e.Message);
        }
        catch (RpcException e) when (!stop.IsCancellationRequested)
        {
            Broken(check, "WORKER_UNREACHABLE", $"Nothing answers at '{path}' ({e.Status.Detail}). Check that site-worker runs, and that the gateway's account may open the socket (group of both accounts).");
        }
    }

    private async Task ExamineAccountsAsync(CancellationToken stop)
    {
        const string check = "accounts";
        if (!OperatingSystem.IsLinux())
        {
            Skip("compare the two services' accounts in the service manager", check);
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.WorkerSocket), stop);
            var (own, worker) = (UnixAccounts.Own, UnixAccounts.PeerOf(socket));
            if (own == worker)
                Warn(check, "ACCOUNT_SEPARATION_OFF", $"account separation off: gateway and worker run under one account (uid {own}), so that whoever breaks into the gateway reads what the worker reads. Use the two accounts of the service units.");
            else
                Fine(check, $"the gateway runs as uid {own}, the worker as uid {worker}");
        }
        catch (SocketException)
        {
            Skip("the worker's account is read off its socket, where nobody answers", check);
        }
    }

    private void ExamineExchange()
    {
        var incoming = DirectoryRights.Of(options.Incoming);
        if (!incoming.Exists)
            Broken("incoming", "INCOMING_MISSING", $"There is no directory '{options.Incoming}'. Make it: owned by the gateway's account, readable by the worker's.");
        else if (!incoming.Writable)
            Broken("incoming", "INCOMING_NOT_WRITABLE", $"The gateway's account cannot write '{options.Incoming}'. Make it the owner.");
        else
            Fine("incoming", $"'{options.Incoming}' is ours to write");

        var outgoing = DirectoryRights.Of(options.Outgoing);
        if (!outgoing.Exists)
            Broken("outgoing", "OUTGOING_MISSING", $"There is no directory '{options.Outgoing}'. Start site-worker once, or make it: owned by the worker's account, readable by the gateway's.");
        else if (!outgoing.Readable)
            Broken("outgoing", "OUTGOING_NOT_READABLE", $"The gateway's account cannot read '{options.Outgoing}'. Give its group read and search rights.");
        else if (outgoing.Writable)
            Warn("outgoing", "OUTGOING_WRITABLE", $"The gateway's account can write '{options.Outgoing}', the worker's one-way door. Give the directory to the worker's account with mode 2750. (Root can always write; so can a gateway that shares the worker's account.)");
        else
            Fine("outgoing", $"'{options.Outgoing}' can be read and not written");
    }

    private void ExamineOutboxKey()
    {
        const string check = "outbox-key";
        var (path, handed) = (OutboxKey.PathIn(options.ExchangeDirectory), KeyFile.HandedOver(KeyFile.Credentials, OutboxKey.Credential));
        try
        {
            if (handed is null && !File.Exists(path))
            {
                Warn(check, "OUTBOX_KEY_UNSEEN", $"'{path}' is not there. If the units hand the key over as the credential {OutboxKey.Credential}, it cannot be seen from here, and the gateway's log says whether releases can be opened; otherwise start site-worker, which makes the file.");
                return;
            }

            OutboxKey.Open(options.ExchangeDirectory, KeyFile.Credentials);
            Fine(check, handed is null ? $"'{path}' can be read" : $"handed over as the credential {OutboxKey.Credential}");
        }
        catch (Exception e) when (e is KeyFileException or UnauthorizedAccessException)
        {
            Broken(check, "OUTBOX_KEY_UNUSABLE", $"The key that opens releases cannot be used: {e.Message}");
        }
    }

    private void ExamineDisk()
    {
        const string check = "disk";
        if (!Directory.Exists(options.ExchangeDirectory))
        {
            Skip("the exchange directory is not there", check);
            return;
        }

        var free = new DriveInfo(Path.GetFullPath(options.ExchangeDirectory)).AvailableFreeSpace;
        if (free < LeastFreeBytes)
            Warn(check, "DISK_NEARLY_FULL", $"Only {free / MiB} MiB are free at '{options.ExchangeDirectory}', where parameters and releases lie. Make room for at least {LeastFreeBytes / MiB} MiB.");
        else
            Fine(check, $"{free / MiB} MiB free at '{options.ExchangeDirectory}'");
    }

    private void Fine(string check, string sentence) => _findings.Add(new Finding(check, Grade.Well, "", sentence));

    private void Warn(string check, string code, string sentence) => _findings.Add(new Finding(check, Grade.Warning, code, sentence));

    private void Broken(string check, string code, string sentence) => _findings.Add(new Finding(check, Grade.Broken, code, sentence));

    private void Skip(string why, params ReadOnlySpan<string> checks)
    {
        foreach (var check in checks)
            _findings.Add(new Finding(check, Grade.Skipped, "", why));
    }
}
