using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;
using Microsoft.AspNetCore.Components;

namespace FederatedClinicalMl.SiteAgent.StewardConsole.Parts;

/// <summary>A page of what the worker answers. What it refuses, or that it does not answer, is a sentence on the page; the rest of the page stands.</summary>
public abstract class WorkerPage : ComponentBase
{
    private readonly List<string> _faults = [];

    [Inject]
    internal StewardPort Port { get; set; } = null!;

    [Inject]
    internal ConsoleSettings Settings { get; set; } = null!;

    /// <summary>The request.</summary>
    [CascadingParameter]
    public HttpContext Context { get; set; } = null!;

    /// <summary>What the worker did not answer, and why; each sentence once.</summary>
    protected IReadOnlyList<string> Faults => _faults;

    /// <summary>Asks the worker.</summary>
    /// <returns>null where it did not answer: <see cref="Faults"/> says why.</returns>
    protected async Task<T?> AskAsync<T>(Func<Steward.StewardClient, CallOptions, AsyncUnaryCall<T>> call)
        where T : class
    {
        try
        {
            return await Port.AskAsync(call, Context.RequestAborted);
        }
        catch (WorkerException fault)
        {
            Say(fault);
            return null;
        }
    }

    private protected void Say(WorkerException fault)
    {
        if (!_faults.Contains(fault.Message))
            _faults.Add(fault.Message);
    }
}
