using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Servers;

public sealed class ProfileTextTests
{
    [Fact]
    public void Text_says_each_number_that_would_leave_and_what_is_withheld()
    {
        var study = SmallStudy.Of(perSite: false);

        Assert.Equal(
            "ill: 3 positive, 3 negative\nage: 4 values, mean 55, standard deviation 5, missing 2; a histogram, 2 of whose 66 cells are not empty",
            ProfileText.Of(study, Report(minimum: 1)));
        Assert.Equal("ill: withheld positive, withheld negative\nage: moments withheld; histogram withheld", ProfileText.Of(study, Report(minimum: 5)));

        ProfileReport Report(int minimum) => ProfileReport.Of(study, [50, 60, 50, 60, double.NaN, double.NaN], [0, 1, 0, 1, 0, 1], [], minimum);
    }
}
