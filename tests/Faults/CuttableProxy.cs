using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>
/// An HTTP proxy for CONNECT on 127.0.0.1 whose line can be cut: from then on no byte passes in either direction and nobody is told, as when a
/// firewall forgets a connection. Connections from before the cut stay dead; those made after the mending pass.
/// </summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly List<Task> _serving = [];
    private readonly Task _accepting;
    private readonly Lock _gate = new(); // guards the fields below
    private TaskCompletionSource _line = Done();
    private TaskCompletionSource _knocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _epoch;

    public CuttableProxy()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    /// <summary>Completes when somebody connects while the line is cut.</summary>
    public Task Knocked
    {
        get
        {
            lock (_gate)
                return _knocked.Task;
        }
    }

    public void Cut()
    {
        lock (_gate)
        {
            _epoch++;
            _line = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _knocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Mend()
    {
        lock (_gate)
            _line.TrySetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_over.Token);
            _serving.Add(ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            Task line;
            lock (_gate)
            {
                line = _line.Task;
                if (!line.IsCompleted)
                    _knocked.TrySetResult();
            }

            await line.WaitAsync(_over.Token);
            int epoch;
            lock (_gate)
                epoch = _epoch;
            var near = client.GetStream();
            if (await TargetAsync(near) is not { } target)
                return;
            using var server = new TcpClient();
            await server.ConnectAsync(target, _over.Token);
            var far = server.GetStream();
            await near.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _over.Token);
            // Whichever side closes first ends both; a cut leaves both open and mute.
            await Task.WhenAny(RelayAsync(near, far, epoch), RelayAsync(far, near, epoch));
        }
    }

    private async Task<IPEndPoint?> TargetAsync(NetworkStream near)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await near.ReadAsync(one, _over.Token) == 0)
                return null;
            head.Append((char)one[0]);
        }

        return IPEndPoint.Parse(head.ToString().Split(' ')[1]);
    }

    private async Task RelayAsync(NetworkStream from, NetworkStream to, int epoch)
    {
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer, _over.Token) is > 0 and var read)
        {
            bool cut;
            lock (_gate)
                cut = epoch != _epoch;
            if (cut)
                await new TaskCompletionSource().Task.WaitAsync(_over.Token); // swallowed, and nobody hears of it
            await to.WriteAsync(buffer.AsMemory(0, read), _over.Token);
        }
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
