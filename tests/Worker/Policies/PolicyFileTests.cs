using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Worker.Policies;

public sealed class PolicyFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.Of("policy.yaml");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_that_is_missing_allows_nothing_and_is_named()
    {
        var reading = new PolicyFile(File).Read();

        Assert.Null(reading.Policy);
        Assert.Contains($"'{File}' cannot be read, so nothing is allowed", Assert.Single(reading.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_in_its_place_allows_nothing()
    {
        Directory.CreateDirectory(File);

        Assert.Null(new PolicyFile(File).Read().Policy);
    }

    [Fact]
    public void Each_reading_is_of_the_file_as_it_is_then()
    {
        var file = new PolicyFile(File);
        System.IO.File.WriteAllText(File, PolicyReader.Default);
        Assert.Equal(20, file.Read().Policy!.MinimumTrainingRows);

        System.IO.File.WriteAllText(File, PolicyText.With("minimum-training-rows", "21"));
        Assert.Equal(21, file.Read().Policy!.MinimumTrainingRows);

        System.IO.File.WriteAllText(File, PolicyText.With("minimum-training-rows", "many"));
        Assert.Null(file.Read().Policy);

        System.IO.File.WriteAllText(File, PolicyText.With("minimum-training-rows", "22"));
        Assert.Equal(22, file.Read().Policy!.MinimumTrainingRows);

        System.IO.File.Delete(File);
        Assert.Null(file.Read().Policy);
    }
}
