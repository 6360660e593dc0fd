using System.Threading.Channels;
using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Tells a steward's program that something is other than it was: the log is longer, or something else has become of an order for models. What, it asks for itself.</summary>
internal static class ChangeStream
{
    /// <summary>Says so at once, and at each change from then on, until the watcher leaves. Changes that come faster than they are sent are one.</summary>
    public static async Task SendAsync(WorkerJournal journal, ServingDesk serving, IServerStreamWriter<Changed> stream, CancellationToken cancel)
    {
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }); // that there is one is all that a change says
        void Tell() => changes.Writer.TryWrite(true);
        void Served(ServingAnswer answer) => Tell();
        journal.Appended += Tell;
        serving.Changed += Served;
        try
        {
            Tell();
            await foreach (var _ in changes.Reader.ReadAllAsync(cancel))
                await stream.WriteAsync(new Changed(), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // the watcher left
        }
        finally
        {
            journal.Appended -= Tell;
            serving.Changed -= Served;
        }
    }
}
