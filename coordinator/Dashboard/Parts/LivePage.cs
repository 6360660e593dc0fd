using System.Reflection;
using System.Security.Claims;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace FederatedClinicalMl.Coordinator.Dashboard.Parts;

/// <summary>
/// A page that follows what it shows: pushed by the coordinator when something has changed, a few times a second at most, and never asked for by the browser. Each looks by itself, once more when it goes
/// live, whether its person may see it: what a browser sends to begin with could be another's.
/// </summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(200); // between two pictures: of a hundred sites that answer at once one is enough

    private readonly CancellationTokenSource _gone = new();

    /// <summary>Who looks.</summary>
    protected Member Viewer { get; private set; } = null!;

    /// <summary>The clock.</summary>
    [Inject]
    protected TimeProvider Time { get; private set; } = null!;

    [Inject]
    private AuthenticationStateProvider Authentication { get; set; } = null!;

    /// <summary>Whether the viewer may make a call of the API: what they may not is not shown.</summary>
    protected bool May(string call) => NeedsAttribute.May(Viewer, call);

    /// <summary>Looks at what is shown.</summary>
    protected abstract void Look();

    /// <summary>Completes at the next change of anything that is shown; asked for before looking.</summary>
    protected abstract Task NextChange();

    /// <inheritdoc/>
    protected sealed override async Task OnInitializedAsync()
    {
        var user = (await Authentication.GetAuthenticationStateAsync()).User;
        if (user.FindFirstValue(ClaimTypes.Name) is not { } name || !Enum.TryParse<Roles>(user.FindFirstValue(ClaimTypes.Role), out var role))
            throw new FaultException(Fault.RoleMissing);
        Viewer = new Member(role, name);
        if (((GetType().GetCustomAttribute<NeedsAttribute>()?.Roles ?? Roles.None) & role) == 0)
            throw new FaultException(Fault.RoleMissing);
        var next = NextChange();
        Look();
        if (RendererInfo.IsInteractive)
            _ = FollowAsync(next);
    }

    /// <summary>Stops following.</summary>
    public void Dispose()
    {
        _gone.Cancel();
        _gone.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task FollowAsync(Task next)
    {
        var gone = _gone.Token;
        try
        {
            while (true)
            {
                await next.WaitAsync(gone);
                await Task.Delay(s_least, Time, gone);
                next = NextChange();
                await InvokeAsync(() =>
                {
                    Look();
                    StateHasChanged();
                });
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The page was left.
        }
        catch (ObjectDisposedException) when (gone.IsCancellationRequested)
        {
            // The page was left while it was drawn.
        }
        catch (Exception error)
        {
            await DispatchExceptionAsync(error); // the page says that it stands still; the log has why
        }
    }
}
