using System.Collections.Concurrent;
using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>The open connections of each member, so that a revocation can end them.</summary>
public sealed class Connections
{
    private readonly ConcurrentDictionary<(Member Member, string Connection), IConnectionLifetimeFeature> _open = new();

    /// <summary>Whether the connection of a request was added for this member before.</summary>
    public bool Knows(Member member, HttpContext context) => _open.ContainsKey((member, context.Connection.Id));

    /// <summary>Remembers the connection of a request until it closes; false where it was known.</summary>
    public bool Add(Member member, HttpContext context)
    {
        var lifetime = context.Features.GetRequiredFeature<IConnectionLifetimeFeature>();
        var key = (member, context.Connection.Id);
        if (!_open.TryAdd(key, lifetime))
            return false;
        lifetime.ConnectionClosed.Register(() => _open.TryRemove(key, out _));
        return true;
    }

    /// <summary>Aborts every connection of a member, with whatever is under way on it.</summary>
    /// <param name="member">Whose.</param>
    /// <param name="except">A connection that is left open; null: none.</param>
    public void Abort(Member member, string? except = null)
    {
        foreach (var ((owner, connection), lifetime) in _open)
        {
            if (owner == member && connection != except)
                lifetime.Abort();
        }
    }
}
