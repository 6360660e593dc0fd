using System.Threading.Channels;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Api.Sessions;

/// <summary>One site's open stream, as the rest of the coordinator sees it: a bounded queue of messages, and a way to end it.</summary>
public sealed class SiteSession
{
    // All studies and all open steps fit in many times over; a site that lets more than this pile up is not reading.
    private const int Bound = 4096;

    private readonly Channel<CoordinatorMessage> _outgoing = Channel.CreateBounded<CoordinatorMessage>(new BoundedChannelOptions(Bound) { SingleReader = true });
    private Protos.Federation.Fault? _farewell; // set once, before the queue is completed

    internal SiteSession(SiteId site, string connection) => (Site, Connection) = (site, connection);

    /// <summary>The site.</summary>
    public SiteId Site { get; }

    /// <summary>Id of the connection that carries the stream.</summary>
    public string Connection { get; }

    /// <summary>Why it ends; null while it is open, or where the site went by itself.</summary>
    public Protos.Federation.Fault? Farewell => Volatile.Read(ref _farewell);

    internal ChannelReader<CoordinatorMessage> Outgoing => _outgoing.Reader;

    /// <summary>Queues a message. A queue that is full ends the session.</summary>
    public void Send(CoordinatorMessage message)
    {
        if (!_outgoing.Writer.TryWrite(message))
            Close(Fault.SessionTooSlow); // or closed already, which changes nothing
    }

    /// <summary>Ends the session: what is queued is dropped, the farewell is the next and last message. The first reason stands.</summary>
    public void Close(Fault fault, string? detail = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        Interlocked.CompareExchange(ref _farewell, fault.ToMessage(detail), null);
        _outgoing.Writer.TryComplete();
    }

    /// <summary>The site has gone: nothing more can be sent.</summary>
    internal void Complete() => _outgoing.Writer.TryComplete();
}
