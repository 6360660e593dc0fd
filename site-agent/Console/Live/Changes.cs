using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>Tells a page that it is no longer what the worker would answer. The worker pushes, and what is pushed on says nothing but that: what has changed is asked for as every page is, by a session.</summary>
internal sealed class Changes(StewardPort port, TimeProvider time, IHostApplicationLifetime host)
{
    /// <summary>Until a worker that does not answer is asked again.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    /// <summary>Until a browser has to ask again, and its session is looked at again.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>An item at once, and one for each change after that; ends after <see cref="Longest"/>, with the browser, and with the console.</summary>
    public async IAsyncEnumerable<string> FollowAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        using var longest = new CancellationTokenSource(Longest, time);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel, host.ApplicationStopping, longest.Token);
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var watching = WatchAsync(changes.Writer, over.Token);
        try
        {
            while (await NextAsync(changes.Reader, over.Token))
                yield return "";
        }
        finally
        {
            await over.CancelAsync();
            await watching;
        }
    }

    // That the worker does not answer is a change as well: the page says so.
    private async Task WatchAsync(ChannelWriter<bool> changes, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await foreach (var _ in port.WatchAsync(cancel))
                    changes.TryWrite(true);
            }
            catch (Exception fault) when (fault is WorkerException or OperationCanceledException)
            {
                changes.TryWrite(true);
            }

            await WaitAsync(Again, cancel);
        }
    }

    private static async Task<bool> NextAsync(ChannelReader<bool> changes, CancellationToken cancel)
    {
        try
        {
            return await changes.ReadAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken cancel)
    {
        try
        {
            await Task.Delay(wait, time, cancel);
        }
        catch (OperationCanceledException)
        {
            // over: whoever waits looks
        }
    }
}
