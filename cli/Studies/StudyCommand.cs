using System.CommandLine;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study ...</c>: from a protocol on disk to a run that is watched.</summary>
internal static class StudyCommand
{
    public static Command Create(TimeProvider time) => new Verb("study", "Check and submit studies; start, watch and steer their runs.")
    {
        CheckVerb.Create(), SubmitVerb.Create(time), ListVerb.Create(time), StartVerb.Create(time), ProfileVerb.Create(time), WatchVerb.Create(time),
        ControlVerbs.Pause(time), ControlVerbs.Resume(time), ControlVerbs.Cancel(time),
    };
}
