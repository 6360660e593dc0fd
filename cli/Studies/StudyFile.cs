using System.Collections.Immutable;
using System.CommandLine;
using FederatedClinicalMl.Cli.Features;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>A study protocol on disk, and the definitions in the folder <c>features</c> beside it.</summary>
internal static class StudyFile
{
    public static Argument<FileInfo> Argument() =>
        new Argument<FileInfo>("study.yaml") { Description = $"The study protocol. Feature definitions of your own are read from the folder '{FeatureFolder.Name}' beside it." }.AcceptExistingOnly();

    public static (StudyCheck Check, ImmutableArray<LibraryFault> Library) Check(FileInfo file)
    {
        var (library, faults) = FeatureFolder.Read(FeatureFolder.Beside(file));
        return (StudyChecker.CheckYaml(File.ReadAllText(file.FullName), library, new LearningRule(), new EncryptionRule(study => ModelPlan.For(study).Layout.Dimension), new PrivateTrainingRule()), faults);
    }

    /// <summary>The study, or a fault that names the first problem.</summary>
    public static Study Read(FileInfo file)
    {
        var (check, library) = Check(file);
        if (library is [var first, ..])
            throw new CliException(ExitCode.InvalidInput, $"A feature definition beside the study is not valid: {first} 'fcml study check {file.Name}' lists every fault.");
        return check.Study ?? throw new CliException(
            ExitCode.InvalidInput,
            $"{file.FullName} is not a valid study protocol: {check.Faults[0]} 'fcml study check {file.Name}' lists every fault.");
    }
}
