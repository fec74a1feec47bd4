"""The tree of product categories."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from spm.api.dated import KNOWN_AT, DatedFilter, DatedList, DatedOut
from spm.api.endpoint import Endpoint
from spm.api.resources.people_in import ReasonIn
from spm.api.scopes import Scope
from spm.sales.categories import category_free, category_place
from spm.sales.models import CategoryParent


class CategoryOut(DatedOut):
    """A product category lies in another one over [valid_from, valid_to)."""

    category = serializers.CharField()
    parent = serializers.CharField()


class CategoryIn(ReasonIn):
    category = serializers.CharField(max_length=120)
    parent = serializers.CharField(max_length=120)
    start = serializers.DateField()
    end = serializers.DateField(required=False, allow_null=True, default=None)


class CategoryEndIn(ReasonIn):
    category = serializers.CharField(max_length=120)
    day = serializers.DateField(help_text="The first day on which it lies in no other category.")


class CategoryFilter(DatedFilter):
    category = filters.CharFilter()
    parent = filters.CharFilter()


@extend_schema_view(get=extend_schema(operation_id="categories_list", parameters=[KNOWN_AT]))
class CategoryList(DatedList):
    """Which product category lies in which, when. Categories at the top are not listed."""

    scopes = {"GET": Scope.SALES_READ}
    serializer_class = CategoryOut
    filterset_class = CategoryFilter
    model = CategoryParent

    def rows(self) -> QuerySet[CategoryParent]:
        return CategoryParent.objects.all()


class CategorySet(Endpoint):
    scopes = {"POST": Scope.SALES_WRITE}

    @extend_schema(operation_id="categories_set", request=CategoryIn, responses=CategoryOut(many=True))
    def post(self, request: Request) -> Response:
        """The category lies in `parent` over [start, end); what stood there gives way. Answers the rows that are new."""
        return Response(CategoryOut(category_place(**self.parsed(CategoryIn), actor_id=request.user.pk), many=True).data)


class CategoryEnd(Endpoint):
    scopes = {"POST": Scope.SALES_WRITE}

    @extend_schema(operation_id="categories_end", request=CategoryEndIn, responses={204: None})
    def post(self, request: Request) -> Response:
        """From the day on the category lies in no other one."""
        category_free(**self.parsed(CategoryEndIn), actor_id=request.user.pk)
        return Response(status=204)
