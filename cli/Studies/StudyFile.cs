using System.CommandLine;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>A study protocol on disk.</summary>
internal static class StudyFile
{
    public static Argument<FileInfo> Argument() => new Argument<FileInfo>("study.yaml") { Description = "The study protocol." }.AcceptExistingOnly();

    public static StudyCheck Check(FileInfo file) => StudyChecker.CheckYaml(File.ReadAllText(file.FullName));

    /// <summary>The study, or a fault that names the first problem.</summary>
    public static Study Read(FileInfo file)
    {
        var check = Check(file);
        return check.Study ?? throw new CliException(
            ExitCode.InvalidInput,
            $"{file.FullName} is not a valid study protocol: {check.Faults[0]} 'fcml study check {file.Name}' lists every fault.");
    }
}
