using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;
using Microsoft.AspNetCore.Antiforgery;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>A form that a signed-in steward has sent from a page of ours.</summary>
/// <param name="Context">The request.</param>
/// <param name="Form">What was filled in.</param>
internal sealed record ActionRequest(HttpContext Context, IFormCollection Form)
{
    /// <summary>Who decides, as the worker logs it.</summary>
    public string Steward => Context.RequestServices.GetRequiredService<ConsoleSettings>().Steward;

    /// <summary>A field of the form; empty where it is missing.</summary>
    public string Field(string name) => Form[name].ToString().Trim();

    /// <summary>Every value of a field.</summary>
    public IEnumerable<string> Fields(string name) => Form[name].OfType<string>();

    /// <summary>Asks the worker; not given up where the browser goes away, for the worker may have decided already.</summary>
    public Task<T> AskAsync<T>(Func<Steward.StewardClient, CallOptions, AsyncUnaryCall<T>> call) =>
        Context.RequestServices.GetRequiredService<StewardPort>().AskAsync(call, CancellationToken.None);
}

/// <summary>Where an action leads, and what that page says once.</summary>
/// <param name="To">As in <see cref="Routes"/>.</param>
/// <param name="Sentence">For people.</param>
internal sealed record ActionEnd(string To, string Sentence);

/// <summary>Actions: forms that are sent with the token of the page that they were on, done once, and followed by a page that says what came of it.</summary>
internal static class Actions
{
    /// <summary>Maps an action.</summary>
    /// <param name="app">Where.</param>
    /// <param name="path">Its path.</param>
    /// <param name="act">Does it; what the worker refuses is shown as it says it.</param>
    public static void MapAction(this IEndpointRouteBuilder app, string path, Func<ActionRequest, Task<ActionEnd>> act) => app.MapPost($"/{path}", context => ActAsync(context, act));

    private static async Task ActAsync(HttpContext context, Func<ActionRequest, Task<ActionEnd>> act)
    {
        if (!await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
        {
            await ConsoleGate.RefuseAsync(context, StatusCodes.Status400BadRequest, "This form is not from a page of yours, or is too old. Nothing was done: load the page again.");
            return;
        }

        try
        {
            var end = await act(new ActionRequest(context, await context.Request.ReadFormAsync(context.RequestAborted)));
            ConsoleGate.SessionOf(context).Say(new Notice(end.Sentence));
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = context.RequestServices.GetRequiredService<ConsoleAddress>().Home + end.To;
        }
        catch (WorkerException refused)
        {
            await ConsoleGate.RefuseAsync(context, refused.IsRefusal ? StatusCodes.Status409Conflict : StatusCodes.Status502BadGateway, refused.Message);
        }
    }
}
