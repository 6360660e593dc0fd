using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Dashboard.Pages;
using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>A form that somebody has sent, whose role allows it.</summary>
/// <param name="Context">The request.</param>
/// <param name="Form">What was filled in.</param>
internal sealed record ActionRequest(HttpContext Context, IFormCollection Form)
{
    /// <summary>Whose session it is.</summary>
    public DashboardSession Session => DashboardGate.SessionOf(Context);

    /// <summary>Who.</summary>
    public Member Person => Session.Person;

    /// <summary>A service.</summary>
    public T Service<T>()
        where T : notnull => Context.RequestServices.GetRequiredService<T>();

    /// <summary>A part of the path.</summary>
    public string Route(string name) => (string)Context.GetRouteValue(name)!;

    /// <summary>A field of the form; empty where it is missing.</summary>
    public string Field(string name) => Form[name].ToString().Trim();
}

/// <summary>Where an action leads.</summary>
/// <param name="To">The page that is shown next.</param>
/// <param name="Notice">What that page says once; null: nothing.</param>
internal sealed record ActionEnd(string To, Notice? Notice);

/// <summary>Actions: forms that are sent with the token of the page that they were on, done once, and followed by a page that says what came of it.</summary>
internal static class Actions
{
    /// <summary>Maps an action.</summary>
    /// <param name="app">Where.</param>
    /// <param name="pattern">Its path.</param>
    /// <param name="call">The call of the API that does the same.</param>
    /// <param name="act">Does it; what it refuses it throws as <see cref="FaultException"/>.</param>
    public static void MapAction(this IEndpointRouteBuilder app, string pattern, string call, Func<ActionRequest, Task<ActionEnd>> act) =>
        app.MapPost(pattern, context => ActAsync(context, act)).WithMetadata(new NeedsAttribute(call));

    private static async Task ActAsync(HttpContext context, Func<ActionRequest, Task<ActionEnd>> act)
    {
        if (!await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "This form is not from a page of yours, or is too old. Nothing was done: load the page again.");
            return;
        }

        try
        {
            var end = await act(new ActionRequest(context, await context.Request.ReadFormAsync(context.RequestAborted)));
            if (end.Notice is { } notice)
                DashboardGate.SessionOf(context).Say(notice);
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = end.To;
        }
        catch (FaultException refused)
        {
            await RefuseAsync(context, refused.Fault.Http, refused.Message);
        }
        catch (DamagedModelException damage)
        {
            await RefuseAsync(context, Fault.ModelDamaged.Http, damage.Message);
        }
    }

    /// <summary>Answers with a page that says why not.</summary>
    internal static Task RefuseAsync(HttpContext context, int status, string sentence) =>
        new RazorComponentResult<RefusalPage>(new { Status = status, Sentence = sentence }) { StatusCode = status, PreventStreamingRendering = true }.ExecuteAsync(context);
}
