using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Api;

/// <summary>What a person may want of a run. Names are in the audit log.</summary>
public enum RunAction
{
    /// <summary>No new step opens.</summary>
    Pause,

    /// <summary>It goes on.</summary>
    Resume,

    /// <summary>It ends, without a model.</summary>
    Cancel,
}

/// <summary>Pauses, resumes and cancels runs, for whoever asks over gRPC or on a page. Roles were checked before.</summary>
public sealed class RunControl(Runs runs, AuditTrail audit)
{
    /// <summary>The run that a text names.</summary>
    /// <exception cref="FaultException">RUN_UNKNOWN.</exception>
    public static RunId Read(string text) => RunId.TryParse(text, out var run) ? run : throw new FaultException(Fault.RunUnknown);

    /// <summary>Records what is wanted, and does it.</summary>
    /// <exception cref="FaultException">RUN_UNKNOWN, or that the run is not in a state that allows it.</exception>
    public async Task HandleAsync(string text, RunAction action, Member person)
    {
        var run = Read(text);
        if (await runs.LookAsync(run) is null)
            throw new FaultException(Fault.RunUnknown);
        audit.Record("run-controlled", person, new JsonObject { ["run"] = run.Value, ["action"] = action.ToString() });
        RefuseIf(await runs.SendAsync(run, now => action switch
        {
            RunAction.Pause => new PauseRun(now),
            RunAction.Resume => new ResumeRun(now),
            _ => new CancelRun(now),
        }));
    }

    internal static void RefuseIf(Decision decision)
    {
        if (decision is Refused refused)
            throw new FaultException(Fault.RunNotInState with { Code = RoundFaults.Code(refused.Fault), Sentence = refused.Sentence });
    }
}
