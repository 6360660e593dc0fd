using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>The open connections of each member, so that a revocation can end them.</summary>
public sealed class Connections
{
    private readonly ConcurrentDictionary<(Member Member, string Connection), OpenConnection> _open = new();

    /// <summary>Whether the connection of a request was added for this member before.</summary>
    public bool Knows(Member member, HttpContext context) => _open.ContainsKey((member, context.Connection.Id));

    /// <summary>Remembers the connection of a request until it closes; false where it was known.</summary>
    public bool Add(Member member, HttpContext context)
    {
        var connection = new OpenConnection(
            context.Features.GetRequiredFeature<IConnectionLifetimeFeature>(), context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>(),
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var key = (member, context.Connection.Id);
        if (!_open.TryAdd(key, connection))
            return false;
        connection.Lifetime.ConnectionClosed.Register(() =>
        {
            _open.TryRemove(key, out _);
            connection.Closed.SetResult();
        });
        return true;
    }

    /// <summary>Aborts every connection of a member, with whatever is under way on it.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="except">A connection that is left open; null: none.</param>
    public void Abort(Member member, string? except = null)
    {
        foreach (var ((owner, id), connection) in _open)
        {
            if (owner == member && id != except)
                connection.Lifetime.Abort();
        }
    }

    /// <summary>
    /// Lets a connection take up no further request, and closes it once those under way have ended and their last bytes were sent.
    /// </summary>
    /// <returns>Completes when it has closed.</returns>
    public Task Close(Member member, string connection)
    {
        if (!_open.TryGetValue((member, connection), out var open))
            return Task.CompletedTask;
        open.Notification.RequestClose();
        return open.Closed.Task;
    }

    private sealed record OpenConnection(IConnectionLifetimeFeature Lifetime, IConnectionLifetimeNotificationFeature Notification, TaskCompletionSource Closed);
}
