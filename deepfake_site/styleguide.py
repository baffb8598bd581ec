"""A form with one field of each kind, for the style guide."""

from django import forms


class Sample(forms.Form):
    name = forms.CharField(help_text="A line of help stands below its field.", initial="Ann")
    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"placeholder": "ann@example.org"}))
    secret = forms.CharField(label="Password", widget=forms.PasswordInput, required=False)
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    reason = forms.ChoiceField(choices=[("a", "One reason"), ("b", "Another reason")])
    picks = forms.MultipleChoiceField(choices=[("a", "This"), ("b", "That")], widget=forms.CheckboxSelectMultiple)
    one = forms.ChoiceField(choices=[("a", "Either"), ("b", "Or")], widget=forms.RadioSelect, initial="a")
    sure = forms.BooleanField(label="I am sure", required=False)
